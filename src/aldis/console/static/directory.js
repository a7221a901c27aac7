// Rows of an editable table change places with the arrows; without this script their numbers can be written over.
"use strict";
(() => {
  const renumber = (body) => {
    let place = 1;
    for (const input of body.querySelectorAll("td.place input")) input.value = place++;
  };
  for (const cell of document.querySelectorAll("table.edit td.move")) {
    for (const [sign, words, up] of [["↑", "Move up", true], ["↓", "Move down", false]]) {
      const button = document.createElement("button");
      button.type = "button"; button.className = "quiet"; button.textContent = sign; button.title = words;
      button.setAttribute("aria-label", words);
      button.addEventListener("click", () => {
        const row = cell.parentElement;
        const other = up ? row.previousElementSibling : row.nextElementSibling;
        if (other) { up ? other.before(row) : other.after(row); renumber(row.parentElement); button.focus(); }
      });
      cell.append(button);
    }
  }
})();

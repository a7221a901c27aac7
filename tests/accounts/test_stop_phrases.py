"""The sentences that say STOP, in each language, and those that only look like one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts.consent import USUAL, Word, normal, word_in
from aldis.accounts.senders import Sender
from aldis.accounts.stop_phrases import STOP_PHRASES, STOP_PHRASES_IN

PLAIN = Sender("74700", keywords=("demo",))
#: by language, separated by bars; without accents, as most people type, or with
HEARD = {
    "English": "STOP STOP STOP|Stop!!! STOP!|STOP DEMO|stop 74700|STOP to 74700|I said stop|stop now|stop msgs|stop txts"
    "|stop texting this number|no more msgs|UNSUB|delete me from your list|take my number off your list|stop sending"
    "|stop sending me text messages|stop contacting me|Do not send me any more texts|dont send me texts|quit texting me"
    "|I don’t want these texts|I don't want to receive messages|I'd like to opt out|I would like to unsubscribe"
    "|unsubscribe from this list|stop calling and texting me|cease and desist|stop all texts|stop sms|cancel texts"
    "|I withdraw my consent|Revoke my permission|opt out of texts|remove my phone number|Remove|lose my number"
    "|leave me alone|stop sending me these|end messages|take me off this list|do not text|never text me again",
    "Spanish": "ALTO|BAJA|Baja, por favor|PARAR|Salir|darme de baja|Quiero darme de baja|dame de baja|no mas mensajes"
    "|No me escriban más|no me envíen más mensajes|YA NO QUIERO RECIBIR MENSAJES|no quiero mas sms"
    "|Dejen de mandarme mensajes|dejen de molestarme|bórrenme de la lista|Quítame de su lista|alto mensajes"
    "|cancelar suscripcion|déjenme en paz|revoco mi consentimiento|desuscribirme",
    "French": "ARRÊT|arret svp|Arrêtez|arreter|STOP au 74700|stop pub|arrêtez les sms|arrêtez de m’envoyer des messages"
    "|désabonner|me désabonner|Je veux me désabonner|desinscription|Désabonnez-moi, s’il vous plaît"
    "|ne m'écrivez plus|ne m'envoyez plus de sms|Ne m’envoyez plus rien|je ne souhaite plus recevoir de messages"
    "|retirez-moi de votre liste|laissez-moi tranquille|je retire mon consentement",
    "German": "STOPP|Stopp bitte|ABMELDEN|bitte abmelden|Abbestellen|Ich möchte mich abmelden|moechte keine SMS mehr"
    "|Ich möchte keine SMS mehr erhalten|keine Nachrichten mehr|keine weiteren Nachrichten|Keine SMS mehr senden!"
    "|Hören Sie auf, mir zu schreiben|schreiben Sie mir nicht mehr|Lassen Sie mich in Ruhe|löschen Sie meine Nummer"
    "|Nehmen Sie mich von der Liste|Hiermit widerrufe ich meine Einwilligung|Newsletter abbestellen",
    "Portuguese": "SAIR|Parar|pare, por favor|descadastrar|Quero sair da lista|pare de me mandar mensagens|Pare de enviar SMS"
    "|Não quero mais receber mensagens|nao quero receber mais sms|Não me mande mais mensagens|não me envie mais nada"
    "|chega de mensagens|me remova da lista|Remova meu número|apague meu número|me deixem em paz"
    "|revogo meu consentimento",
    "Italian": "disiscrivimi|Disiscrizione|cancellami|Cancellatemi dalla lista|BASTA SMS|basta con i messaggi"
    "|smettete di scrivermi|Smettetela di mandarmi messaggi|non scrivetemi più|Non mandatemi più messaggi"
    "|non voglio più ricevere messaggi|Non voglio ricevere più SMS|rimuovetemi dalla lista"
    "|cancellate il mio numero|lasciatemi in pace|per favore cancellami|revoco il consenso",
}  # fmt: skip
#: what is meant otherwise, or is not sure
NOT_HEARD = (
    "stop it|stop this|stop smoking|just stop|stop lol|cancel stop|end of story|quit playing|cancel my order|cancel all"
    "|cancel message|remove item 3|remove my items|no texts|don't text|don't call me|do not stop texting me"
    "|I don't want to stop|please do not remove me|why would I stop|stop demo day|stop 74701|stop by|yes stop|no stop"
    "|unsubscribe is what I will not do|opt out?? no|wrong number|cease fire|leave me alone with it"
    "|👍 ‘STOP’|Le gustó “STOP”|A aimé « STOP »|Curtiu “Pare de enviar SMS”|È piaciuto “BASTA SMS”|👎 „Abmelden“"
    "|de baja|estoy de baja|cancelar|cancelar la cita|no paren|para|no quiero parar|baja el precio|mas mensajes|no más"
    "|arrête|arrête ça|annuler|plus de messages|je veux plus de messages|je veux recevoir des messages|n'arrêtez pas"
    "|hör auf|Ende|keine Nachrichten|Widerruf|nicht abmelden|bitte|kündigen|Ich möchte mich anmelden"
    "|não pare|sair hoje|quero sair|quero receber mais mensagens|para|chega"
    "|basta|non cancellarmi|voglio ricevere messaggi|non fermatevi|cancella l'appuntamento"
)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text"), [(name, text) for name, row in HEARD.items() for text in row.split("|")]
)
def test_a_revocation_is_heard_in_the_words_that_people_use(language: str, text: str) -> None:
    assert word_in(text, PLAIN) is Word.STOP, language
    assert word_in(text.upper(), PLAIN) is Word.STOP, language


@pytest.mark.parametrize("text", NOT_HEARD.split("|"))
def test_what_means_something_else_is_none(text: str) -> None:
    assert word_in(text, PLAIN) is None


def sentence(draw: st.DrawFn, phrase: str) -> str:
    """Draw one of those that a phrase stands for."""
    while choice := re.search(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]", phrase):
        one_of, optional = choice.groups()
        words = one_of.split("|") if optional is None else ["", *optional.split("|")]
        phrase = phrase[: choice.start()] + draw(st.sampled_from(words)) + phrase[choice.end() :]
    return phrase


@st.composite
def sentences(draw: st.DrawFn) -> str:
    return sentence(draw, draw(st.sampled_from([*USUAL[Word.STOP], *STOP_PHRASES])))


ORNAMENTS = st.text(
    "🛑✋🏽👍❤\ufe0e\ufe0f\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u3164\0 \n.,!?-*_~…", max_size=5
)
ACCENTS = st.text("\u0300\u0301\u0302\u0307\u0308\u0327\u0328\u20e3", max_size=2)


@given(sentences(), st.sampled_from([str.upper, str.lower, str.title, str.swapcase]), st.data())
def test_ornaments_cases_and_accents_hide_no_stop(
    said: str, case: Callable[[str], str], data: st.DataObject
) -> None:
    written = "".join(
        letter + (data.draw(ACCENTS) if letter.isalpha() else "") + data.draw(ORNAMENTS)
        for letter in case(said)
    )
    assert word_in(written, PLAIN) is Word.STOP


@given(sentences(), st.text("xz ", min_size=1).filter(str.strip))
def test_a_phrase_in_a_longer_sentence_is_none(said: str, more: str) -> None:
    assert word_in(f"{more} {said}", PLAIN) is None
    assert word_in(f"{said} {more}", PLAIN) is None


@given(sentences())
def test_no_phrase_says_anything_but_stop(said: str) -> None:
    others = {normal(word) for kind in (Word.START, Word.HELP) for word in USUAL[kind]}
    assert normal(said) not in {*others, ""}


def test_each_phrase_stands_once() -> None:
    assert len(set(map(normal, STOP_PHRASES))) == len(STOP_PHRASES)
    assert sum(map(len, STOP_PHRASES_IN.values())) == len(STOP_PHRASES)
    assert "," not in "".join(STOP_PHRASES)  # which parts them on the console's form


@pytest.mark.parametrize(
    ("phrase", "heard", "not_heard"),
    [
        ("(no|zero) deals [today]", ("no deals", "Zero deals today!"), ("deals", "no deals zero", "(no|zero)")),
        ("no [more [good]] deals", ("no deals", "no more deals", "no more good deals"), ("no good deals",)),
        ("this|that", ("this", "that"), ("this that", "thisthat")),
        ("no deals :)", ("no deals", "no deals :)"), ("deals",)),  # brackets that do not match
        ("no (deals", ("no deals",), ("no",)),
        ("[deals]", ("deals",), ("", "please", "👍")),
    ],
)  # fmt: skip
def test_a_sender_names_its_own_in_the_same_way(
    phrase: str, heard: tuple[str, ...], not_heard: tuple[str, ...]
) -> None:
    sender = Sender("74700", stop_phrases=(phrase,))
    assert [word_in(text, sender) for text in heard] == [Word.STOP] * len(heard)
    assert [word_in(text, sender) for text in not_heard] == [None] * len(not_heard)


@pytest.mark.parametrize("keyword", ["Remove", "BAJA", "Salir", "stop texts"])
def test_a_keyword_is_no_sentence_also_of_who_shares_the_number(keyword: str) -> None:
    mine, theirs = Sender("74700", keywords=(keyword,)), Sender("74700")
    assert word_in(keyword, theirs) is Word.STOP
    for each in (mine, theirs):
        assert word_in(keyword, each, [mine, theirs]) is None
        assert word_in(f"{keyword} please", each, [mine, theirs]) is None
        assert word_in(f"stop {keyword}", each, [mine, theirs]) is Word.STOP

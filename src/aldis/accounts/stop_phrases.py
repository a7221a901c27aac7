"""What people write instead of STOP: a whole message that is one of these revokes consent, in any case and
with any punctuation. A sender may name others in their place. `(a|b)` is one of several, `[a]` may be left
out.

A reasonable person reads each as a revocation and as nothing else; what could be meant otherwise ("stop it",
"no more", "basta", CANCELAR for an appointment, "Widerruf" of a purchase) is not among them. Source: 47 CFR
§ 64.1200(a)(10) (any reasonable means, in no particular language); CTIA Messaging Principles and Best
Practices ("normal language"); GDPR Art. 7(3), Ley 34/2002 (LSSI) art. 22.1 (as easy as to consent); AWS End
User Messaging SMS, "Required opt-out keywords" (ARRET, REMOVE).
"""

from __future__ import annotations

#: by language
STOP_PHRASES_IN = {
    "English": (
        "(I said|I want you to) stop",
        "[I said] stop (now|immediately|right now)",
        (
            "[I want you to] (stop|quit) (texting|txting|messaging|contacting|spamming) [me|us|this number]"
            " [now|immediately|again]"
        ),
        "(stop|quit) (harassing|bothering|soliciting|calling) (me|us|this number)",
        "(stop|quit) (calling and texting|texting and calling) [me|us|this number]",
        (
            "(stop|quit) sending [me|us] [all|any|any more|these|those|the|your] [text]"
            " [texts|txts|messages|msgs|sms|alerts|spam|these]"
        ),
        (
            "(stop|end|cancel|quit) [all] [these|those|the|your] [text|sms]"
            " (texts|txts|messages|msgs|sms|alerts|spam)"
        ),
        "stop (text|txt|message|msg)",
        "stop all (texts|messages) and calls",
        "end (texting|messaging)",
        "no more [text|sms] (texts|txts|messages|msgs|sms|alerts|spam)",
        "(do not|don't|never) (text|txt|message|msg|contact) (me|us|this number) [again|anymore|any more]",
        "(do not|don't|never) (call or text|text or call) (me|us|this number) [again|anymore|any more]",
        "do not (text|message|contact)",
        "(do not|don't) send [me|us] [any|any more|more|these] [text] (texts|txts|messages|msgs|sms)",
        "remove",
        "(remove|delete) (me|us|[my|this] [phone] number) [from [this|the|your] (list|lists)]",
        "take (me|us|my number|this number) off [of] [this|the|your] [list|lists]",
        "lose (my|this) number",
        "leave (me|us) alone",
        "unsub [me]",
        "unsubscribe (me|us) [from [this|the|your|all] (list|lists|texts|messages)]",
        "unsubscribe from [this|the|your|all] (list|lists|texts|messages)",
        "opt (me|us) out",
        "opting out",
        "opt out (of|from) [all|these|your] (texts|messages|sms)",
        "I opt out",
        "I (want|wish|need|would like|'d like) to (opt out|unsubscribe|be removed)",
        "I (want|wish|would like|'d like) to stop (getting|receiving) [these|your] (texts|messages|sms)",
        (
            "I (do not|don't|no longer) want [to (get|receive)] [any|any more|more|these|those|your] [text]"
            " (texts|messages|msgs|sms)"
        ),
        "[I] (revoke|withdraw) [my] (consent|permission)",
        "I revoke",
        "cease [and desist]",
    ),
    "Spanish": (
        "(alto|parar|pare|paren|salir)",
        "(stop|alto|parar) (mensajes|sms|textos)",
        "baja",
        "[quiero] (dar|darme|dame|dadme|deme|denme|darse) de baja",
        "(desuscribir|desuscribirme|desuscribirse|desuscríbeme|desuscríbanme)",
        "cancelar [mi|la] (suscripción|mensajes|sms)",
        "no más (mensajes|sms|textos)",
        "no (me|nos) (escriba|escriban|escribas|contacte|contacten|contactes|moleste|molesten) [más]",
        "no (me|nos) (envíe|envíen|envíes|mande|manden|mandes) [más] (mensajes|sms|textos)",
        "no (me|nos) (envíe|envíen|envíes|mande|manden|mandes) más",
        "[ya] no (quiero|deseo) [recibir] [más|sus|estos] (mensajes|sms|textos)",
        "[ya] no (quiero|deseo) recibir más",
        "(deja|deje|dejen|dejad|para|pare|paren) de (escribirme|contactarme|molestarme)",
        (
            "(deja|deje|dejen|dejad|para|pare|paren) de (enviarme|mandarme|enviar|mandar) [más]"
            " (mensajes|sms|textos)"
        ),
        (
            "(bórrame|bórreme|bórrenme|elimíname|elimíneme|elimínenme|quítame|quíteme|quítenme)"
            " [de (la|su|tu|esta) lista]"
        ),
        "(borra|borre|borren|elimina|elimine|eliminen) mi número",
        "(déjame|déjeme|déjenme) en paz",
        "(revoco|retiro) mi consentimiento",
    ),
    "French": (
        "(arrêt|arrêter|arrêtez)",
        "(stop|arrêt|arrêter|arrêtez) [tous] [les|ces|vos] (sms|messages|textos|pub|pubs|publicités)",
        "arrêtez de m'(écrire|contacter|harceler)",
        "arrêtez de m'envoyer [des|ces|vos] (sms|messages|textos|pubs)",
        "[me|se] (désabonner|désinscrire)",
        "(désabonnement|désinscription|désabonnez-moi|désinscrivez-moi)",
        "je (veux|souhaite|voudrais) me (désabonner|désinscrire)",
        "je me (désabonne|désinscris)",
        "ne m'(écrivez|contactez|envoyez) plus [rien|[de] (sms|messages|textos)]",
        "[je] ne (veux|souhaite) plus [recevoir] [de|ces|vos] (sms|messages|textos)",
        "ne plus recevoir [de|ces|vos] (sms|messages|textos)",
        "(retirez|enlevez|supprimez)-moi [de (la|votre|cette) liste]",
        "(retirez|enlevez|supprimez|effacez) mon numéro [de (la|votre|cette) liste]",
        "laissez-moi tranquille",
        "je (retire|révoque) mon consentement",
    ),
    "German": (
        "(stopp|abmelden|abmeldung|abbestellen|austragen)",
        "(stopp|stop) [alle|die|diese] (sms|nachrichten|werbung)",
        "(sms|nachrichten|werbung|newsletter) (abbestellen|abmelden|stoppen)",
        "mich (abmelden|austragen)",
        "ich (möchte|moechte|will) mich (abmelden|austragen)",
        "(melden|tragen) Sie mich (ab|aus)",
        "keine [weiteren] (sms|nachrichten) mehr [schicken|senden|erhalten|bekommen]",
        "keine weiteren (sms|nachrichten) [schicken|senden]",
        "keine werbung mehr",
        (
            "[ich] (möchte|moechte|will|wünsche|wuensche) keine [weiteren] (sms|nachrichten|werbung) [mehr]"
            " [erhalten|bekommen|von Ihnen|von euch]"
        ),
        "(schreiben|schicken|senden) Sie mir (nicht|nichts|keine sms|keine nachrichten) mehr",
        "(schreib|schreibt) mir nicht mehr",
        "kontaktieren Sie mich nicht mehr",
        "(hören|hoeren) Sie auf [mir (zu schreiben|sms zu schicken|nachrichten zu schicken)]",
        "(lassen Sie|lasst) mich in Ruhe",
        "(löschen|loeschen) Sie (mich|meine Nummer) [aus (der|Ihrer|dieser) Liste]",
        "(nehmen|streichen) Sie (mich|meine Nummer) (aus|von) (der|Ihrer|dieser) Liste",
        "[ich|hiermit] widerrufe [ich] meine (Einwilligung|Zustimmung)",
    ),
    "Portuguese": (
        "(sair|parar|pare|parem)",
        "(stop|parar|pare|parem) [com] [as|essas|estas] (mensagens|sms)",
        "(descadastrar|descadastro|descadastre-me|me descadastre|descadastrar-me)",
        "quero (me descadastrar|sair (da|desta|dessa) lista)",
        "cancelar [minha|a] (inscrição|mensagens|sms)",
        "(pare|parem|pára|para) de me (mandar|enviar) [mais] (mensagem|mensagens|sms)",
        "(pare|parem|pára|para) de (mandar|enviar) [mais] (mensagem|mensagens|sms)",
        "(pare|parem) de me (perturbar|incomodar|contatar)",
        "não (quero|desejo) [mais] receber [mais] [suas|essas|estas] (mensagem|mensagens|sms)",
        "não (quero|desejo) mais [receber] (mensagem|mensagens|sms)",
        "não (quero|desejo) receber mais",
        "não me (mande|mandem|manda|envie|enviem) mais [nada|mensagem|mensagens|sms]",
        "não me (escreva|escrevam|contate|contatem|contacte|contactem|perturbe|perturbem) [mais]",
        "chega de (mensagem|mensagens|sms)",
        (
            "(me remova|me remove|me tire|me tira|remova-me|retire-me|remova meu número|retire meu número)"
            " [da lista|desta lista|dessa lista|da sua lista]"
        ),
        "(apague|exclua|remova|elimine) [o] meu número",
        "(me deixe|me deixem|deixe-me|deixem-me) em paz",
        "(revogo|retiro) [o] meu consentimento",
    ),
    "Italian": (
        "(disiscrivi|disiscrivermi|disiscrivimi|disiscrivetemi|disiscrizione)",
        (
            "(cancellami|cancellatemi|rimuovimi|rimuovetemi|toglimi|toglietemi)"
            " [dalla lista|dalla vostra lista|da questa lista]"
        ),
        "(stop|basta) [con] [gli|i|questi] (sms|messaggi)",
        "(smetti|smettila|smettete|smettetela) di (scrivermi|contattarmi|disturbarmi)",
        "(smetti|smettila|smettete|smettetela) di (mandarmi|inviarmi) [questi] (sms|messaggi)",
        "non (scrivermi|scrivetemi|scrivermi|contattarmi|contattatemi|disturbatemi) più",
        "non (mandarmi|mandatemi|inviarmi|inviatemi) [più] (sms|messaggi)",
        "non (mandarmi|mandatemi|inviarmi|inviatemi) più [niente|nulla]",
        "non voglio [più] [ricevere] [più|altri|questi|i vostri] (sms|messaggi)",
        "non voglio (più ricevere|ricevere più) [niente|nulla]",
        "(cancella|cancellate|rimuovi|rimuovete|elimina|eliminate) il mio numero",
        "(lasciami|lasciatemi) in pace",
        "(revoco|ritiro) il [mio] consenso",
    ),
}
STOP_PHRASES = tuple(phrase for phrases in STOP_PHRASES_IN.values() for phrase in phrases)

"""What the parts of a page are, as told by the names, roles and classes of their elements.

A flag raised here is a suspicion: it is believed only where that leaves an article (html_article).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from massilia.corpus.pattern import Pattern


class Reason(StrEnum):
    """Say why a part of a page isn't its article's text."""

    ADVERTISEMENT = "advertisement"
    ASIDE = "aside"
    BYLINE = "byline"
    CAPTION = "caption"
    COMMENTS = "comments"
    COOKIES = "cookies"
    FOOTER = "footer"
    FORM = "form"
    HIDDEN = "hidden"
    KEYWORDS = "keywords"
    MENU = "menu"
    NEWSLETTER = "newsletter"
    PAYWALL = "paywall"
    RELATED = "related articles"
    REPEATED = "repeated"
    SHARING = "sharing"
    TITLE = "title"
    UNRELATED = "not in the article"


_TAGS: Final[Mapping[str, Reason]] = {
    "aside": Reason.ASIDE,
    "button": Reason.FORM,
    "dialog": Reason.HIDDEN,
    "fieldset": Reason.FORM,
    "figcaption": Reason.CAPTION,
    "footer": Reason.FOOTER,
    "form": Reason.FORM,
    "label": Reason.FORM,
    "menu": Reason.MENU,
    "nav": Reason.MENU,
    "select": Reason.FORM,
    "textarea": Reason.FORM,
    "amp-ad": Reason.ADVERTISEMENT,
    "amp-consent": Reason.COOKIES,
    "amp-sidebar": Reason.MENU,
}
_ROLES: Final[Mapping[str, Reason]] = {
    "alertdialog": Reason.HIDDEN,
    "banner": Reason.MENU,
    "complementary": Reason.ASIDE,
    "contentinfo": Reason.FOOTER,
    "dialog": Reason.HIDDEN,
    "menu": Reason.MENU,
    "menubar": Reason.MENU,
    "navigation": Reason.MENU,
    "search": Reason.FORM,
    "toolbar": Reason.MENU,
    "tooltip": Reason.HIDDEN,
}
# Of classes and ids, parted at hyphens, underscores and capitals: "article__shareBar" is read as
# "-article-share-bar-". The first reason that fits is taken.
_WORDS: Final[tuple[tuple[Reason, str], ...]] = (
    (
        Reason.COOKIES,
        "cookies?|cookiebanner|cookiebot|consent|gdpr|rgpd|ccpa|didomi|onetrust|axeptio|cmplz|"
        "tarteaucitron|borlabs|usercentrics|quantcast|cookieyes",
    ),
    (
        Reason.ADVERTISEMENT,
        "ads?|advert|adverts|advertisement|advertising|adsense|adslot|dfp|pub|pubs|publicites?|"
        "sponsor|sponsors|sponsored|sponsorise|promo|promos|promotion|inread|affiliate|partner-box",
    ),
    (
        Reason.COMMENTS,
        "comments?|commentaires?|commentlist|disqus|respond|reactions?|replies|livre-or|"
        "reader-(?:comments|letters)",
    ),
    (
        Reason.PAYWALL,
        "paywall|piano|offre-abo|abonnez-vous|abonnement|premium-(?:wall|offer|box|message)|"
        "(?:subscribe|subscription|subscriber)-(?:wall|offer|prompt|only)|regwall|metering",
    ),
    (
        Reason.NEWSLETTER,
        "newsletters?|nl-(?:box|block|form)|infolettres?|mailchimp|subscribe|subscription|signup|"
        "sign-up|abonnez|inscription|lettre-info|mailing-list",
    ),
    (
        Reason.SHARING,
        "share|shares|sharing|sharedaddy|shared-counts|partage|partages|partager|social|socials|"
        "sociaux|addthis|addtoany|sharethis|a2a|follow-us|suivez-nous|"
        "(?:print|email)-(?:button|link|tools)|article-tools|(?:barre-)?outils",
    ),
    (
        Reason.RELATED,
        "related|relatedposts?|similaires?|similar|recommended|recommendations?|recos?|"
        "(?:a-)?lire-(?:aussi|egalement|plus|la-suite)|(?:read|see|watch)-(?:also|more|next)|"
        "voir-aussi|aussi|sur-le-meme-(?:sujet|theme)|dans-la-meme-rubrique|autres(?:-articles)?|"
        "next-up|up-next|more-(?:from|stories|news|on|articles)|"
        "(?:most|plus)-(?:read|viewed|popular|shared|commented|lus|vus|partages)|"
        "populaires?|popular|trending|tendances|outbrain|taboola|teasers?|"
        "(?:latest|recent|other|top)-(?:news|posts|stories|articles)|derniers?-articles|"
        "(?:articles|posts)-(?:lies|recents|similaires)|crosslinks?|inline-link|"
        "live-ticker|ticker|breaking-news|fil-(?:info|actu|direct)",
    ),
    (
        Reason.CAPTION,
        "captions?|legendes?|figcaption|photo-credits?|image-credits?|credits?-(?:photo|image)s?|"
        "wp-caption-text|gallery-item-text|diaporama-legende|copyright-photo",
    ),
    (
        Reason.KEYWORDS,
        "tags|tags-links|tag-(?:list|cloud|links)|tagcloud|taglist|keywords|mots-?cles|motscles|"
        "topics|categories|cat-links|etiquettes|themes-associes|rubriques|kicker|rubrique|overline|"
        "surtitre|eyebrow",
    ),
    (
        Reason.BYLINE,
        "byline|by-line|authors?|auteurs?|signature|signe|author-(?:bio|box|card|name|info)|"
        "bio-auteur|about-the-author|posted-(?:on|by|in)|published-(?:on|at|date)|"
        "(?:entry|post|article|story|content|page)-(?:meta|info|infos|details|date|byline|author)|"
        "meta|metadata|metas|meta-(?:info|data|bar)|infos|dateline|date|dates|dtreviewed|"
        "date-(?:pub|publication|published|modified|maj)|datetime|timestamp|pubdate|"
        "published|updated|reading-time|read-time|temps-(?:de-)?lecture|contributors?|credits?",
    ),
    (
        Reason.FOOTER,
        "footer|site-footer|page-footer|foot|colophon|pied|pied-(?:de-)?page|bas-(?:de-)?page|"
        "copyright|legal|mentions|mentions-legales|back-to-top|haut-de-page|contact-(?:presse|box)|"
        "press-contacts?|contacts?-presse",
    ),
    (
        Reason.MENU,
        "nav|navs|navbar|navigation|subnav|topnav|mainnav|menus?|mainmenu|submenu|breadcrumbs?|"
        "fil-(?:d-)?ariane|ariane|filariane|pagination|pager|paging|page-numbers|skip-(?:link|nav)|"
        "skiplinks?|toolbar|topbar|top-bar|masthead|burger|hamburger|lang(?:uage)?-switcher|"
        "site-header|table-of-contents|toc|sommaire|search|searchform|recherche|login|connexion",
    ),
    (Reason.ASIDE, "sidebar|side-bar|rail|colonne-droite|col-droite|right-col|widget-area"),
    (
        Reason.HIDDEN,
        "modal|popup|pop-up|popin|lightbox|overlay|toast|snackbar|tooltip",
    ),
)
_WORDS_OF_CLASSES = tuple((reason, Pattern(rf"-(?:{words})-")) for reason, words in _WORDS)
# Whole classes: "hidden-xs" hides nothing from most readers.
_HIDING = frozenset(
    [
        "d-none",
        "element-invisible",
        "hidden",
        "hide",
        "is-hidden",
        "noprint",
        "screen-reader-text",
        "sr-only",
        "u-hidden",
        "visuallyhidden",
        "visually-hidden",
        "fr-sr-only",
    ]
)
_BUTTON = Pattern(r"(?i)[\s_-](?:button|btn|cta)[\s_-]")
_HIDING_STYLE = Pattern(r"display\s*:\s*none|visibility\s*:\s*hidden")
# Their classes say what kind of page it is: "comments-open has-sidebar tag-newsletter".
_WHOLE_PAGE = frozenset({"article", "body", "html", "main"})
_CONTAINERS = frozenset(
    ["aside", "details", "div", "dl", "footer", "form", "header", "ol", "section", "table", "ul"]
)
_JOINT = Pattern(r"(?<=[a-z0-9])(?=[A-Z])|[^a-zA-Z0-9]+")


def suspect(name: str, attributes: Mapping[str, str]) -> Reason | None:
    """Return why an element is likely no part of the article's text, or None."""
    if is_hidden(attributes):
        return Reason.HIDDEN
    reason = _TAGS.get(name) or _ROLES.get(attributes.get("role", "").lower())
    if reason or name in _WHOLE_PAGE:
        return reason
    # The id of a heading or a paragraph is made of its words: "related-work".
    identity = attributes.get("id", "") if name in _CONTAINERS else ""
    words = f"{attributes.get('class', '')} {identity}"
    if words == " ":
        return None
    joined = _JOINT.sub("-", f" {words} ").lower()
    for reason, pattern in _WORDS_OF_CLASSES:
        if pattern.search(joined):
            return reason
    return None


def is_button(name: str, attributes: Mapping[str, str]) -> bool:
    """Tell whether an element is a button, or a link that is drawn as one."""
    is_drawn = name == "a" and _BUTTON.search(f" {attributes.get('class', '')} ") is not None
    return name == "button" or is_drawn


def is_hidden(attributes: Mapping[str, str]) -> bool:
    """Tell whether an element isn't shown, or shown to no one but screen readers."""
    if not attributes:
        return False
    if "hidden" in attributes or attributes.get("aria-hidden", "").lower() == "true":
        return True
    if not _HIDING.isdisjoint(attributes.get("class", "").split()):
        return True
    style = attributes.get("style")
    return style is not None and _HIDING_STYLE.search(style.lower()) is not None

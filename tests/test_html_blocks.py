import pytest

from massilia.ingest.html_blocks import MAX_DEPTH, MAX_METAS, Page, read_page
from massilia.ingest.html_regions import Reason, suspect


def list_texts(source: str) -> list[str]:
    return [block.text for block in read_page(source).blocks]


def list_reasons(source: str) -> list[Reason | None]:
    """Return for each block the reason of the innermost suspect element around it."""
    page = read_page(source)
    return [page.regions[b.region].reason if b.region >= 0 else None for b in page.blocks]


def list_kinds(source: str) -> list[tuple[str, str, int]]:
    return [(block.text, block.kind.name, block.level) for block in read_page(source).blocks]


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("<p>un<p>deux<div>trois</div>quatre", ["un", "deux", "trois", "quatre"]),
        ("<ul><li>un<li>deux<ul><li>trois</ul><li>quatre</ul>", ["un", "deux", "trois", "quatre"]),
        ("<dl><dt>un<dd>deux<dt>trois</dl>", ["un", "deux", "trois"]),
        ("<p>un<br>deux<br>&nbsp;<br/>trois</p>", ["un\ndeux", "trois"]),
        ("un</p>deux</br>trois", ["un", "deux\ntrois"]),
        ("<p>un<hr>deux", ["un", "deux"]),
        ("<p>un <b>de</b>ux <i>t<u>r</i>ois</p>", ["un deux trois"]),
        ("<h2>un<h3>deux</h2>trois", ["un", "deux", "trois"]),
        ("<table><tr><td>un<td>deux<tr><td>trois</table>quatre", ["un", "deux", "trois", "quatre"]),
        ("<div><table><tr><td>un</div>deux</table>trois</div>", ["undeux", "trois"]),
        ("<p>a<script>b</script>c<style>d</style>e<noscript>f</noscript>g</p>", ["aceg"]),
        ("<head><title>a</title><p>b", []),
        ("<head><title>a</title><body><p>b", ["b"]),
        ("<template><p>a</p></template><svg><text>b</text></svg><p>c", ["c"]),
        ("<p>a <math><mi>x</mi><annotation>y</annotation></math></p>", ["a x"]),
        ("<ruby>漢<rp>(</rp><rt>kan</rt></ruby>", ["漢"]),
        ("<pre>a\n  b\n\nc</pre>", ["a\n  b", "c"]),
    ],
)
def test_elements_open_and_close_as_in_browsers(source: str, texts: list[str]) -> None:
    assert list_texts(source) == texts


def test_blocks_say_what_they_are() -> None:
    source = "<h3>Titre</h3><p>Texte</p><ul><li>Point</ul><table><tr><td>Case</table>"
    assert list_kinds(source) == [
        ("Titre", "HEADING", 3),
        ("Texte", "PARAGRAPH", 0),
        ("Point", "ITEM", 0),
        ("Case", "CELL", 0),
    ]


def test_a_heading_that_is_a_sentence_is_a_lead() -> None:
    lead = "La ville a reçu ce matin vingt navires, dont le plus grand jamais vu au port."
    assert list_kinds(f"<h2>{lead}</h2>") == [(lead, "PARAGRAPH", 0)]
    question = f"{lead[:-1]} ?"
    assert list_kinds(f"<h2>{question}</h2>") == [(question, "HEADING", 2)]


def test_links_are_placed_in_their_blocks() -> None:
    (block,) = read_page("<p>Lire <a href=x>cet <b>article</b></a> ou <a name=y>non</a>").blocks
    assert [block.text[start:end].strip() for start, end in block.linked] == ["cet", "article"]


@pytest.mark.parametrize(
    "source",
    [
        "<a href=x>un<div>deux</a>trois</div>quatre",
        "<a href=x>un<a href=y>deux</a>trois",
        "<p><a href=x>un</p>deux</a>trois",
    ],
)
def test_a_link_ends_even_where_tags_are_crossed(source: str) -> None:
    linked = {
        block.text[start:end] for block in read_page(source).blocks for start, end in block.linked
    }
    assert "un" in linked
    assert not any("trois" in each for each in linked)


def test_a_heading_that_links_to_itself_is_no_link() -> None:
    page = read_page("<h2><a href=#un>Un</a></h2><h2><a href=/deux>Deux</a></h2>")
    assert [bool(block.linked) for block in page.blocks] == [False, True]


def test_times_and_links_side_by_side_are_parted() -> None:
    assert list_texts("<p><time>3 mai</time><time>4 mai</time></p>") == ["3 mai 4 mai"]
    assert list_texts("<p><a href=x>Un</a><a href=y>deux</a></p>") == ["Un deux"]
    assert list_texts("<p>le <time>3 mai</time>, l’<a href=x>ami</a>.</p>") == ["le 3 mai, l’ami."]
    assert list_texts("<p>le <time>3 mai</time>, puis<b>que</b></p>") == ["le 3 mai, puisque"]
    assert list_texts("<p>Hyper<b>texte</b></p>") == ["Hypertexte"]


def test_elements_nested_too_deeply_keep_their_text_apart() -> None:
    deep = "<div>" * (3 * MAX_DEPTH)
    page = read_page(f"{deep}un<p>deux</p>trois{'</div>' * (3 * MAX_DEPTH)}quatre")
    assert [block.text for block in page.blocks] == ["un", "deux", "trois", "quatre"]
    assert len(page.names) <= MAX_DEPTH
    assert page.blocks[-1].element == -1


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        ("<nav>", Reason.MENU),
        ("<div role=navigation>", Reason.MENU),
        ("<aside>", Reason.ASIDE),
        ("<footer>", Reason.FOOTER),
        ("<form>", Reason.FORM),
        ("<div class='sd-sharing-enabled'>", Reason.SHARING),
        ("<div class='article__shareBar'>", Reason.SHARING),
        ("<div id='cookie-banner'>", Reason.COOKIES),
        ("<p class='lire-aussi'>", Reason.RELATED),
        ("<section class=comments>", Reason.COMMENTS),
        ("<div class=paywall>", Reason.PAYWALL),
        ("<div class='ad-slot'>", Reason.ADVERTISEMENT),
        ("<div class=byline>", Reason.BYLINE),
        ("<div hidden>", Reason.HIDDEN),
        ("<div style='display: none'>", Reason.HIDDEN),
        ("<p class=sr-only>", Reason.HIDDEN),
        ("<div class=shareholders>", None),
        ("<div class='commentary column-broad'>", None),
        ("<div class=hidden-xs>", None),
        ("<article class='tag-share comments-open'>", None),
        ("<h2 id=related-work>", None),
        ("<div class=cmp-text>", None),
    ],
)
def test_elements_are_suspect_by_name_role_or_class(element: str, reason: Reason | None) -> None:
    assert list_reasons(f"{element}Texte") == [reason]


def test_what_is_hidden_within_a_sentence_is_left_out() -> None:
    assert list_texts("<p>Le site<span class=sr-only> (nouvelle fenêtre)</span> ouvre.") == [
        "Le site ouvre."
    ]
    assert list_reasons("<p><span class=date>3 mai</span> Le site ouvre.") == [Reason.BYLINE, None]


def test_what_a_figure_quotes_or_counts_is_no_caption() -> None:
    source = (
        "<figure><img src=x><figcaption>Légende</figcaption><div>Aussi</div></figure>"
        "<figure><blockquote>Citation<footer>De qui</footer></blockquote></figure>"
        "<figure><table><tr><td>Case</table></figure>"
    )
    assert list(zip(list_texts(source), list_reasons(source), strict=True)) == [
        ("Légende", Reason.CAPTION),
        ("Aussi", Reason.CAPTION),
        ("Citation", None),
        ("De qui", None),
        ("Case", None),
    ]


def test_the_button_that_opens_an_answer_is_its_question() -> None:
    source = "<h3><button>Et après ?</button></h3><p>Rien.</p><button>Copier</button>"
    assert list_reasons(source) == [None, None, Reason.FORM]


def test_cells_are_placed_in_rows_and_columns_with_their_spans() -> None:
    page = read_page(
        "<table><tr><th rowspan=2>a<th colspan=2>b<tr><td>c<td>d"
        "<tr><td colspan=0>e<td rowspan=99999>f<td colspan=x>g</table>"
    )
    assert [(cell.row, cell.column, cell.columns) for cell in page.cells] == [
        (0, 0, 1),
        (0, 1, 2),
        (1, 1, 1),
        (1, 2, 1),
        (2, 0, 1),
        (2, 1, 1),
        (2, 2, 1),
    ]
    assert page.cells[5].rows == 30


def test_what_the_head_says_is_kept() -> None:
    page: Page = read_page(
        "<html lang=fr><head><base href=/a/><title>L&rsquo;été</title>"
        "<svg><title>icône</title></svg><meta name=Author content='A B'>"
        "<meta property=og:title content=T><link rel=Canonical href=/x>"
        "<script type='application/ld+json'>{}</script><script>1</script>"
    )
    assert (page.language, page.base, page.title) == ("fr", "/a/", "L’été")
    assert page.metas == {"author": ["A B"], "og:title": ["T"]}
    assert (page.links, page.json_ld) == ([("canonical", "/x")], ["{}"])


def test_no_more_metas_of_a_name_are_kept_than_a_paper_has_authors() -> None:
    page = read_page("<meta name=author content=A>" * (MAX_METAS + 5))
    assert len(page.metas["author"]) == MAX_METAS


def test_dates_and_names_that_are_marked_are_kept_with_what_is_within() -> None:
    page = read_page(
        "<p itemprop=author>Par <b itemprop=name>Ana <i>Bo</i></b></p>"
        "<time datetime=2020-01-02 class=updated>2 janvier</time><a rel=author href=x>Ana</a>"
        "<meta itemprop=datePublished content=2020-01-01>"
    )
    marked = [(m.name, m.properties, m.value, m.text, m.parent) for m in page.marked]
    assert marked == [
        ("p", ("author",), None, "Par Ana Bo", -1),
        ("b", ("name",), None, "Ana Bo", 0),
        ("time", (), "2020-01-02", "2 janvier", -1),
        ("a", ("rel-author",), None, "Ana", -1),
        ("meta", ("datepublished",), "2020-01-01", "", -1),
    ]


def test_suspect_takes_the_first_reason_that_fits() -> None:
    assert suspect("div", {"class": "comments-share"}) is Reason.COMMENTS

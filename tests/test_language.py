"""The languages of texts and questions."""

import json
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from massilia.corpus.article import Language
from massilia.ingest import question_language
from massilia.ingest.language import OTHER_LANGUAGES, detect_language, score_languages
from massilia.ingest.question_language import QuestionLanguage, detect_question_language

QUESTIONS = Path(__file__).parent.parent / "corpus" / "questions" / "dev.jsonl"
FRENCH, ENGLISH = QuestionLanguage(Language.FRENCH), QuestionLanguage(Language.ENGLISH)

OTHER_QUESTIONS = {
    "es": """
        ¿Cuántos cables submarinos llegan a Marsella?
        ¿Quién es el propietario del cable Medusa?
        ¿Cuándo se inauguró el centro de datos MRS3?
        ¿Qué empresas tecnológicas tienen su sede en Marsella?
        ¿Cuánto costó el búnker de Digital Realty?
        ¿Dónde está la estación de amarre del cable 2Africa?
        ¿Cuál es la longitud del cable PEACE?
        ¿Por qué protestan los vecinos contra los centros de datos?
        ¿Cuántas startups hay en la ciudad?
        ¿Quién dirige la French Tech Aix-Marseille?
        ¿Qué es Euroméditerranée?
        ¿Cómo se enfrían los servidores con agua de mar?
        ¿En qué año se fundó Jaguar Network?
        ¿Cuántos empleados tiene Crosscall?
        ¿Qué cables conectan Marsella con Egipto?
        precio del proyecto Medusa en euros
        quien compro Gemalto en 2019
        cuantos estudiantes tiene la universidad de Aix-Marsella
        donde esta el campus de La Plateforme
        La ciudad quiere limitar el consumo de electricidad, ¿verdad?
    """,
    "it": """
        Quanti cavi sottomarini arrivano a Marsiglia?
        Chi è il proprietario del cavo Medusa?
        Quando è stato aperto il data center MRS3?
        Quali aziende tecnologiche hanno sede a Marsiglia?
        Quanto è costato il bunker di Digital Realty?
        Dove si trova la stazione di approdo del cavo 2Africa?
        Qual è la lunghezza del cavo PEACE?
        Perché gli abitanti protestano contro i data center?
        Quante startup ci sono in città?
        Chi dirige la French Tech Aix-Marseille?
        Che cos'è Euroméditerranée?
        Come vengono raffreddati i server con l'acqua di mare?
        In che anno è stata fondata Jaguar Network?
        Quanti dipendenti ha Crosscall?
        Quali cavi collegano Marsiglia all'Egitto?
        prezzo del progetto Medusa in euro
        chi ha comprato Gemalto nel 2019
        quanti studenti ha l'università di Aix-Marsiglia
        dove si trova il campus della Plateforme
        La città vuole limitare il consumo di elettricità?
    """,
    "pt": """
        Quantos cabos submarinos chegam a Marselha?
        Quem é o dono do cabo Medusa?
        Quando foi inaugurado o centro de dados MRS3?
        Que empresas de tecnologia têm sede em Marselha?
        Quanto custou o bunker da Digital Realty?
        Onde fica a estação de amarração do cabo 2Africa?
        Qual é o comprimento do cabo PEACE?
        Por que os moradores protestam contra os centros de dados?
        Quantas startups existem na cidade?
        Quem dirige a French Tech Aix-Marseille?
        O que é a Euroméditerranée?
        Como são arrefecidos os servidores com água do mar?
        Em que ano foi fundada a Jaguar Network?
        Quantos funcionários tem a Crosscall?
        Que cabos ligam Marselha ao Egito?
        preço do projeto Medusa em euros
        quem comprou a Gemalto em 2019
        quantos estudantes tem a universidade de Aix-Marselha
        onde fica o campus da La Plateforme
        A cidade quer limitar o consumo de eletricidade?
    """,
    "ca": """
        Quants cables submarins arriben a Marsella?
        Qui és el propietari del cable Medusa?
        Quan es va inaugurar el centre de dades MRS3?
        Quines empreses tecnològiques tenen la seu a Marsella?
        Quant va costar el búnquer de Digital Realty?
        On és l'estació d'amarratge del cable 2Africa?
        Quina és la longitud del cable PEACE?
        Per què protesten els veïns contra els centres de dades?
        Quantes empreses emergents hi ha a la ciutat?
        Qui dirigeix la French Tech Aix-Marseille?
        Què és Euroméditerranée?
        Com es refreden els servidors amb aigua de mar?
        En quin any es va fundar Jaguar Network?
        Quants empleats té Crosscall?
        Quins cables connecten Marsella amb Egipte?
        preu del projecte Medusa en euros
        qui va comprar Gemalto el 2019
        quants estudiants té la universitat d'Ais-Marsella
        on és el campus de La Plateforme
        La ciutat vol limitar el consum d'electricitat?
    """,
    "de": """
        Wie viele Seekabel landen in Marseille?
        Wem gehört das Kabel Medusa?
        Wann wurde das Rechenzentrum MRS3 eröffnet?
        Welche Technologieunternehmen haben ihren Sitz in Marseille?
        Wie viel hat der Bunker von Digital Realty gekostet?
        Wo liegt die Landestation des Kabels 2Africa?
        Wie lang ist das Kabel PEACE?
        Warum protestieren die Anwohner gegen die Rechenzentren?
        Wie viele Startups gibt es in der Stadt?
        Wer leitet die French Tech Aix-Marseille?
        Was ist Euroméditerranée?
        Wie werden die Server mit Meerwasser gekühlt?
        In welchem Jahr wurde Jaguar Network gegründet?
        Wie viele Mitarbeiter hat Crosscall?
        Welche Kabel verbinden Marseille mit Ägypten?
        Kosten des Projekts Medusa in Euro
        wer hat Gemalto 2019 gekauft
        wie viele Studenten hat die Universität Aix-Marseille
        wo liegt der Campus von La Plateforme
        Will die Stadt den Stromverbrauch begrenzen?
    """,
    "nl": """
        Hoeveel zeekabels komen aan land in Marseille?
        Wie is de eigenaar van de kabel Medusa?
        Wanneer werd het datacenter MRS3 geopend?
        Welke technologiebedrijven zijn gevestigd in Marseille?
        Hoeveel kostte de bunker van Digital Realty?
        Waar ligt het landingsstation van de kabel 2Africa?
        Hoe lang is de kabel PEACE?
        Waarom protesteren de bewoners tegen de datacenters?
        Hoeveel startups zijn er in de stad?
        Wie leidt de French Tech Aix-Marseille?
        Wat is Euroméditerranée?
        Hoe worden de servers met zeewater gekoeld?
        In welk jaar werd Jaguar Network opgericht?
        Hoeveel werknemers heeft Crosscall?
        Welke kabels verbinden Marseille met Egypte?
        prijs van het project Medusa in euro
        wie heeft Gemalto in 2019 gekocht
        hoeveel studenten heeft de universiteit van Aix-Marseille
        waar ligt de campus van La Plateforme
        Wil de stad het stroomverbruik beperken?
    """,
    "pl": """
        Ile kabli podmorskich dociera do Marsylii?
        Kto jest właścicielem kabla Medusa?
        Kiedy otwarto centrum danych MRS3?
        Które firmy technologiczne mają siedzibę w Marsylii?
        Ile kosztował bunkier Digital Realty?
        Gdzie znajduje się stacja lądowania kabla 2Africa?
        Jaka jest długość kabla PEACE?
        Dlaczego mieszkańcy protestują przeciwko centrom danych?
        Ile startupów działa w mieście?
        Kto kieruje French Tech Aix-Marseille?
        Czym jest Euroméditerranée?
        Jak chłodzi się serwery wodą morską?
        W którym roku założono Jaguar Network?
        Ilu pracowników ma Crosscall?
        Które kable łączą Marsylię z Egiptem?
        koszt projektu Medusa w euro
        kto kupił Gemalto w 2019 roku
        ilu studentów ma uniwersytet w Marsylii
        gdzie jest kampus La Plateforme
        Czy miasto chce ograniczyć zużycie prądu?
    """,
    "tr": """
        Marsilya'ya kaç denizaltı kablosu geliyor?
        Medusa kablosunun sahibi kim?
        MRS3 veri merkezi ne zaman açıldı?
        Hangi teknoloji şirketlerinin merkezi Marsilya'da?
        Digital Realty'nin sığınağı kaça mal oldu?
        2Africa kablosunun karaya çıkış istasyonu nerede?
        PEACE kablosunun uzunluğu ne kadar?
        Mahalle sakinleri veri merkezlerine neden karşı çıkıyor?
        Şehirde kaç girişim var?
        French Tech Aix-Marseille'i kim yönetiyor?
        Euroméditerranée nedir?
        Sunucular deniz suyuyla nasıl soğutuluyor?
        Jaguar Network hangi yılda kuruldu?
        Crosscall'un kaç çalışanı var?
        Hangi kablolar Marsilya'yı Mısır'a bağlıyor?
        Medusa projesinin maliyeti kaç avro
        2019'da Gemalto'yu kim satın aldı
        Aix-Marseille üniversitesinin kaç öğrencisi var
        La Plateforme kampüsü nerede
        Şehir elektrik tüketimini sınırlamak istiyor mu?
    """,
    "ro": """
        Câte cabluri submarine ajung la Marsilia?
        Cine este proprietarul cablului Medusa?
        Când a fost inaugurat centrul de date MRS3?
        Ce companii de tehnologie au sediul la Marsilia?
        Cât a costat buncărul Digital Realty?
        Unde se află stația de aterizare a cablului 2Africa?
        Care este lungimea cablului PEACE?
        De ce protestează locuitorii împotriva centrelor de date?
        Câte startupuri există în oraș?
        Cine conduce French Tech Aix-Marseille?
        Ce este Euroméditerranée?
        Cum sunt răcite serverele cu apă de mare?
        În ce an a fost fondată Jaguar Network?
        Câți angajați are Crosscall?
        Ce cabluri leagă Marsilia de Egipt?
        prețul proiectului Medusa în euro
        cine a cumpărat Gemalto în 2019
        câți studenți are universitatea din Marsilia
        unde este campusul La Plateforme
        Orașul vrea să limiteze consumul de electricitate?
    """,
    "ar": """
        كم عدد الكابلات البحرية التي تصل إلى مرسيليا؟
        من يملك كابل ميدوسا؟
        متى تم افتتاح مركز البيانات MRS3؟
        ما هي شركات التكنولوجيا التي يقع مقرها في مرسيليا؟
        كم كلف ملجأ Digital Realty؟
        أين تقع محطة إنزال كابل 2Africa؟
        ما هو طول كابل PEACE؟
        لماذا يحتج السكان على مراكز البيانات؟
        كم عدد الشركات الناشئة في المدينة؟
        من يدير French Tech Aix-Marseille؟
        ما هو مشروع أوروميديتيراني؟
        كيف يتم تبريد الخوادم بمياه البحر؟
        في أي سنة تأسست شركة Jaguar Network؟
        كم عدد موظفي Crosscall؟
        ما هي الكابلات التي تربط مرسيليا بمصر؟
        تكلفة مشروع ميدوسا باليورو
        من اشترى Gemalto عام 2019
        كم عدد طلاب جامعة إيكس مرسيليا
        أين يقع حرم La Plateforme
        هل تريد المدينة الحد من استهلاك الكهرباء؟
    """,
}

NAMES = [
    "Medusa",
    "MRS3 bunker",
    "Rio de Janeiro",
    "Der Spiegel",
    "El Niño de la Bahía Negra",
    "Interxion Telehouse Berlin",
    "Traxens chiffre d'affaires 2020",
    "medusa peace 2africa",
    "abubakar tafawa",
    "chukwuma nzeogwu",
    "São Paulo Fortaleza EllaLink",
    "β-carotène",
    "",
    "12 345",
    "\U0001f6a2",
]


def strip_accents(text: str) -> str:
    """Return `text` as it is typed in haste: no accents, no marks, no capitals."""
    letters = unicodedata.normalize("NFD", text)
    bare = "".join(each for each in letters if not unicodedata.combining(each))
    return " ".join(re.findall(r"[\w'’-]+", bare.lower()))


def list_questions(language: str) -> list[str]:
    return [line.strip() for line in OTHER_QUESTIONS[language].strip().splitlines()]


def read_asked() -> list[tuple[str, QuestionLanguage, str]]:
    """Return the form, the language and the words of each question of the development set."""
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    return [
        (row["form"], QuestionLanguage(Language(row["language"])), row["question"]) for row in rows
    ]


@pytest.fixture
def without_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> object:
        raise AssertionError(f"the model is asked about {text!r}")

    monkeypatch.setattr(question_language, "score_languages", refuse)
    monkeypatch.setattr(question_language, "detect_language", refuse)


@pytest.mark.usefixtures("without_model")
@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Combien ?", FRENCH),
        ("où ça", FRENCH),
        ("où est le cable", FRENCH),
        ("Qu'est-ce que Medusa ?", FRENCH),
        ("qu’est devenu Gemalto", FRENCH),
        ("En quelle année ?", FRENCH),
        ("en quelle annee", FRENCH),
        ("QUELLE EST LA LONGUEUR DU CÂBLE ?", FRENCH),
        ("À qui appartient Medusa ?", FRENCH),
        ("Qui est derrière The French Tech For Good ?", FRENCH),
        ("Les salariés sont payés par Who What Where ?", FRENCH),
        ("how many cables", ENGLISH),
        ("What's the length of PEACE?", ENGLISH),
        ("WHICH CABLES?", ENGLISH),
        ("length of the cable", ENGLISH),
        ("Did La Plateforme move into Les Docks Pour Tous?", ENGLISH),
    ],
)
def test_function_words_tell_the_language(text: str, language: QuestionLanguage) -> None:
    assert detect_question_language(text) == language


def test_the_model_is_loaded_only_for_a_question_that_needs_it() -> None:
    program = """
import sys
from massilia.ingest.question_language import detect_question_language as detect
detect("Combien de câbles ?"), detect("How many cables?")
print("py3langid" in sys.modules)
detect("Medusa")
print("py3langid" in sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.split() == ["False", "True"]


def test_the_questions_of_the_development_set_are_told_apart() -> None:
    asked = read_asked()
    wrong = [
        text
        for form, language, text in asked
        if form != "keywords" and detect_question_language(text) != language
    ]
    assert wrong == []
    keywords = [row for row in asked if row[0] == "keywords"]
    found = [detect_question_language(text) for _, _, text in keywords]
    assert all(each.other is None for each in found)
    right = sum(each == language for each, (_, language, _) in zip(found, keywords, strict=True))
    assert right >= 36


def test_most_questions_are_told_without_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    undecided = []
    detect = question_language.detect_language
    monkeypatch.setattr(
        question_language, "detect_language", lambda text: undecided.append(text) or detect(text)
    )
    plain = [text for form, _, text in read_asked() if form == "plain"]
    for text in plain:
        detect_question_language(text)
    assert len(undecided) <= 0.03 * len(plain)


@pytest.mark.parametrize("language", OTHER_QUESTIONS)
def test_a_third_language_is_said(language: str) -> None:
    questions = list_questions(language)
    written = Counter(detect_question_language(text).other for text in questions)
    typed = Counter(detect_question_language(strip_accents(text)).other for text in questions)
    assert len(questions) == 20
    assert written[language] >= 15 and typed[language] >= 15
    assert written[language] + written[None] >= 19 and typed[language] + typed[None] >= 19


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Qui són els propietaris de les empreses?", "ca"),
        ("quines son les empreses de qui va fundar el cluster de ciberseguretat", "ca"),
        ("Quali sono le aziende più grandi e quelle più piccole della città?", "it"),
        ("Quali sono le imprese che hanno una sede qui e le loro filiali?", "it"),
        ("que les une a las dos ciudades aparte del cable", "es"),
        ("Ce companii au sediul la Marsilia?", "ro"),
        ("Hvor mange kabler er der for at have en god forbindelse?", "da"),
    ],
)
def test_words_that_neighbours_share_with_french_and_english_decide_nothing(
    text: str, language: str
) -> None:
    assert detect_question_language(text).other == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Сколько кабелей приходит в Марсель?", "ru"),
        ("Medusa сколько стоит", "ru"),
        ("Скільки кабелів приходить до Марселя?", "uk"),
        ("Колко кабела има в Марсилия?", "bg"),
        ("Πόσα καλώδια φτάνουν στη Μασσαλία;", "el"),
        ("马赛有多少条海底电缆?", "zh"),
        ("Traxens 売上高はいくらですか 2020", "ja"),
        ("마르세유에는 해저 케이블이 몇 개 있습니까?", "ko"),
        ("כמה כבלים מגיעים למרסיי?", "he"),
        ("मार्सिले में कितनी केबल आती हैं?", "hi"),
        ("मेडुसा", "hi"),
        ("چند کابل به مارسی می‌رسد؟", "fa"),
        ("มาร์แซย์มีสายเคเบิลกี่เส้น", "th"),
        ("من يدير French Tech Aix-Marseille؟", "ar"),
    ],
)
def test_another_script_is_a_third_language(text: str, language: str) -> None:
    assert detect_question_language(text) == QuestionLanguage(Language.ENGLISH, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Que veut dire مرسيليا ?", FRENCH),
        ("Comment écrit-on Marseille en grec, Μασσαλία ?", FRENCH),
        ("What does Μασσαλία mean?", ENGLISH),
    ],
)
def test_a_word_in_another_script_is_quoted(text: str, language: QuestionLanguage) -> None:
    assert detect_question_language(text) == language


@pytest.mark.parametrize("text", NAMES)
def test_names_alone_are_no_third_language(text: str) -> None:
    assert detect_question_language(text) == QuestionLanguage(detect_language(text))


def test_an_opening_mark_is_spanish() -> None:
    assert detect_question_language("¿Qué es Euroméditerranée?").other == "es"


def test_a_word_said_twice_counts_once() -> None:
    assert question_language._find_decisive(["qui", "dirigeix", "qui"]) is None


def test_a_script_that_the_model_does_not_know_is_no_language() -> None:
    assert detect_question_language("ᎣᏏᏲ ᎤᏪ").other is None


def test_the_model_knows_every_language_listed() -> None:
    assert len(set(OTHER_LANGUAGES)) == len(OTHER_LANGUAGES)
    assert set(score_languages("Marseille")) == {*Language, *OTHER_LANGUAGES}
    assert not set(Language) & set(OTHER_LANGUAGES)


def test_likelihoods_and_the_language_of_a_text_agree() -> None:
    for _, _, text in read_asked():
        scores = score_languages(text)
        assert detect_language(text) is max(reversed(Language), key=scores.__getitem__)


def test_the_beginning_of_a_long_text_decides() -> None:
    text = "Les câbles arrivent au port de Marseille. " * 200 + "The port is large. " * 2_000
    assert detect_language(text) is Language.FRENCH
    assert score_languages(text) == score_languages(text[:5_000])

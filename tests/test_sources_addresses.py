"""Listed URLs: whose they are, what the paper is called on disk, and what is never asked for."""

import re
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cnaps_rag.sources import AddressKind, address_of
from cnaps_rag.sources.addresses import ARXIV_HOSTS, CVF_HOSTS, MAX_KEY_CHARS, arxiv_id_of_file, refusal_of

SHARED = Path(__file__).resolve().parents[2] / "shared"
CVF = "https://openaccess.thecvf.com"

ARXIV = [
    ("https://arxiv.org/pdf/2012.09161", "arxiv-2012.09161", "https://arxiv.org/pdf/2012.09161"),
    ("http://arxiv.org/pdf/2012.09161v1", "arxiv-2012.09161v1", "https://arxiv.org/pdf/2012.09161v1"),
    ("http://arxiv.org/pdf/2012.09161v12.pdf", "arxiv-2012.09161v12", "https://arxiv.org/pdf/2012.09161v12"),
    ("https://www.arxiv.org/abs/2012.09161/", "arxiv-2012.09161", "https://arxiv.org/pdf/2012.09161"),
    ("https://export.arxiv.org/pdf/2012.09161.pdf", "arxiv-2012.09161", "https://arxiv.org/pdf/2012.09161"),
    ("HTTPS://ARXIV.ORG:443/PDF/2012.09161V1.PDF", "arxiv-2012.09161v1", "https://arxiv.org/pdf/2012.09161v1"),
    ("http://arxiv.org:80/abs/arXiv:2012.09161?context=cs#s1", "arxiv-2012.09161", "https://arxiv.org/pdf/2012.09161"),
    ("https://arxiv.org/abs/cs/0112017", "arxiv-cs.0112017", "https://arxiv.org/pdf/cs/0112017"),
    ("https://arxiv.org/pdf/hep-th/9901001v2.pdf", "arxiv-hep-th.9901001v2", "https://arxiv.org/pdf/hep-th/9901001v2"),
    ("https://arxiv.org/pdf/math.GT/0309136", "arxiv-math.0309136", "https://arxiv.org/pdf/math/0309136"),
]
CVF_PAPERS = [
    (
        "/content/ICCV2021/papers/Cho_Rethinking_Coarse-To-Fine_Approach_ICCV_2021_paper.pdf",
        "cvf-ICCV2021-Cho_Rethinking_Coarse-To-Fine_Approach",
    ),
    ("/content_CVPR_2020/papers/Li_Deep_CVPR_2020_paper.pdf", "cvf-CVPR2020-Li_Deep"),
    ("/content_cvpr_2017/papers/Li_Deep_CVPR_2017_paper.pdf", "cvf-CVPR2017-Li_Deep"),
    ("/content_ICCVW_2019/papers/SUB/Li_Deep_ICCVW_2019_paper.pdf", "cvf-ICCVW2019.SUB-Li_Deep"),
    ("/content/CVPR2021W/NTIRE/papers/Li_Deep_CVPRW_2021_paper.pdf", "cvf-CVPR2021W.NTIRE-Li_Deep"),
]
REFUSED = [
    ("https://cg.postech.ac.kr/Research/MSSNet/MSSNet.pdf", "neither arXiv nor CVF"),
    ("https://arxiv.org.evil.example/pdf/2012.09161", "neither arXiv nor CVF"),
    ("https://127.0.0.1/pdf/2012.09161", "neither arXiv nor CVF"),
    ("https://[::1]/pdf/2012.09161", "neither arXiv nor CVF"),
    ("https://someone:secret@arxiv.org/pdf/2012.09161", "credentials"),
    ("https://arxiv.org\\@evil.example/pdf/2012.09161", "credentials"),
    ("https://arxiv.org:8443/pdf/2012.09161", "port 8443"),
    ("http://arxiv.org:443/pdf/2012.09161", "port 443"),
    ("https://arxiv.org:nonsense/pdf/2012.09161", "not a web address"),
    ("file:///etc/passwd", "not a web address"),
    ("http://[broken", "not a web address"),
    ("https://arxiv.org/list/cs.CV/recent", "not the address of one arXiv paper"),
    ("https://arxiv.org/pdf/../../etc/passwd", "not the address of one arXiv paper"),
    (f"{CVF}/CVPR2021?day=all", "not the address of a CVF paper"),
    (f"{CVF}/content/%2e%2e/%2e%2e/secret.pdf", "not the address of a CVF paper"),
]


@pytest.mark.parametrize(("url", "key", "download_url"), ARXIV)
def test_arxiv_forms(url: str, key: str, download_url: str) -> None:
    """Every form of an arXiv URL gives one key and one https address."""
    address = address_of(url)
    assert (address.kind, address.key, address.download_url) == (AddressKind.ARXIV, key, download_url)
    assert address.refusal is None


@pytest.mark.parametrize(("path", "key"), CVF_PAPERS)
def test_cvf_forms(path: str, key: str) -> None:
    """Every conference year's path gives a readable key, and http is upgraded."""
    address = address_of(f"http://openaccess.thecvf.com{path}")
    assert (address.kind, address.key, address.download_url) == (AddressKind.CVF, key, CVF + path)


@pytest.mark.parametrize(("url", "words"), REFUSED)
def test_refused(url: str, words: str) -> None:
    """An address that is not plainly arXiv's or CVF's is never fetched, and says why."""
    address = address_of(url)
    assert address.kind is AddressKind.OTHER
    assert address.download_url is None
    assert words in (address.refusal or "")


def test_web_key() -> None:
    """Another host's paper is called by host, file and a hash of the address; its spellings share it."""
    keys = {address_of(f"{head}cg.postech.ac.kr/Research/MSSNet.pdf").key for head in ("http://", "https://www.")}
    assert len(keys) == 1
    assert re.fullmatch(r"web-cg\.postech\.ac\.kr-MSSNet-[0-9a-f]{8}", keys.pop())


def test_long_names_stay_apart() -> None:
    """Two long CVF names with one beginning are cut to keys of a sane length that differ."""
    one, two = (address_of(f"{CVF}/content/CVPR2021/papers/{'Long_' * 40}{n}_CVPR_2021_paper.pdf").key for n in "12")
    assert one != two
    assert max(len(one), len(two)) <= MAX_KEY_CHARS


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("2012.09161.pdf", "2012.09161"),
        ("2012.09161v1.PDF", "2012.09161v1"),
        ("arxiv-2012.09161.pdf", "2012.09161"),
        ("cs_0112017.pdf", "cs/0112017"),
        ("cs.0112017v3.pdf", "cs/0112017v3"),
        ("math.GT_0309136.pdf", "math/0309136"),
        ("arxiv-hep-th.9901001.pdf", "hep-th/9901001"),
        ("notes.pdf", None),
        ("2012.09161.txt", None),
    ],
)
def test_file_names(name: str, identifier: str | None) -> None:
    """A file may be named by any usual spelling of an arXiv identifier."""
    found = arxiv_id_of_file(name)
    assert (None if found is None else str(found)) == identifier


hosts = st.sampled_from([*sorted(ARXIV_HOSTS | CVF_HOSTS), "example.org", "127.0.0.1", "[::1]", "u:p@arxiv.org"])
segments = st.sampled_from([
    "..",
    ".",
    "pdf",
    "abs",
    "content",
    "papers",
    "%2e%2e",
    "%2f",
    "~",
    "a\\b",
    "x.pdf",
    "CVPR2021",
])
paths = st.lists(segments | st.text(max_size=300), max_size=6).map("/".join)
urls = st.builds("{}://{}/{}".format, st.sampled_from(["http", "https", "file"]), hosts, paths) | st.text()


@given(urls)
@example("https://openaccess.thecvf.com/content/\ud800.pdf")
@example("https://example.org/..%2f..%2f.pdf")
def test_any_text_is_safe(url: str) -> None:
    """No text makes a key that is more than one plain file name, or a download from anywhere else."""
    address = address_of(url)
    assert re.fullmatch(r"(arxiv|cvf|web)-[A-Za-z0-9._+-]+", address.key)
    assert PurePosixPath(address.key).name == address.key
    assert len(address.key) <= MAX_KEY_CHARS
    assert "/" not in address.file_name
    if address.download_url is not None:
        assert address.download_url.startswith(("https://arxiv.org/pdf/", "https://openaccess.thecvf.com/"))
        assert refusal_of(address.download_url) is None
        assert address_of(address.download_url).key == address.key


@given(
    st.from_regex(r"[0-9]{4}\.[0-9]{5}", fullmatch=True).filter(str.isascii),
    st.none() | st.integers(min_value=1, max_value=99),
)
def test_spellings_agree(number: str, version: int | None) -> None:
    """All spellings of one arXiv address share key and canonical form; the version is in the key alone."""
    identifier = number if version is None else f"{number}v{version}"
    spellings = [
        f"{scheme}://{host}/{form}"
        for scheme in ("http", "https")
        for host in sorted(ARXIV_HOSTS)
        for form in (f"pdf/{identifier}", f"pdf/{identifier}.pdf", f"abs/{identifier}")
    ]
    assert {(a.key, a.canonical, a.version) for a in map(address_of, spellings)} == {
        (f"arxiv-{identifier}", f"arxiv:{number}", version)
    }


@pytest.mark.skipif(not (SHARED / "prompts").is_dir(), reason="the shared prompts are not beside this checkout")
def test_listed_urls_of_all_prompts() -> None:
    """Every paper of the 13 prompts is arXiv's or CVF's, but for the one on its authors' own host."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((SHARED / "prompts").glob("*.txt"))]
    urls = set(re.findall(r"^Paper: (\S+)$", "\n".join(texts), re.MULTILINE))
    assert len(texts) == 13
    other = {url for url in urls if address_of(url).kind is AddressKind.OTHER}
    assert other == {"https://cg.postech.ac.kr/Research/MSSNet/MSSNet.pdf"}
    addresses = [address_of(url) for url in urls]
    assert len({a.key for a in addresses}) == len({(a.canonical, a.version) for a in addresses})

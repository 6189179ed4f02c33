"""When and where a paper appeared, read off its listed URL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnaps_rag.venues import venue_of

CVF = "https://openaccess.thecvf.com"


@pytest.mark.parametrize(
    ("url", "name", "year", "month", "key"),
    [
        ("https://arxiv.org/pdf/2012.09161", "arXiv:2012.09161", 2020, 12, "arxiv2012.09161"),
        ("http://arxiv.org/pdf/1905.11946v5.pdf", "arXiv:1905.11946", 2019, 5, "arxiv1905.11946"),
        ("https://arxiv.org/abs/0704.0001", "arXiv:0704.0001", 2007, 4, "arxiv0704.0001"),
        ("https://arxiv.org/abs/math.GT/0309136", "arXiv:math/0309136", 2003, 9, "arxivmath-0309136"),
        ("https://arxiv.org/abs/hep-th/9901001v2", "arXiv:hep-th/9901001", 1999, 1, "arxivhep-th-9901001"),
        ("https://arxiv.org/abs/2113.00001", "arXiv:2113.00001", None, None, "arxiv2113.00001"),
        (f"{CVF}/content/CVPR2021/papers/Roe_A_Light_CVPR_2021_paper.pdf", "CVPR 2021", 2021, None, "roe2021light"),
        (f"{CVF}/content/ICCV2023/papers/Roe_Two-Way_Light_ICCV_2023_paper.pdf", "ICCV 2023", 2023, None, "roe2023two"),
        (f"{CVF}/content_cvpr_2018/papers/Roe_Light_CVPR_2018_paper.pdf", "CVPR 2018", 2018, None, "roe2018light"),
        (
            f"{CVF}/content/CVPR2021W/NTIRE/papers/Roe_Light_CVPRW_2021_paper.pdf",
            *("CVPR 2021 Workshops", 2021, None, "roe2021light"),
        ),
        (
            f"{CVF}/content_CVPRW_2020/papers/w31/Roe_Light_CVPRW_2020_paper.pdf",
            *("CVPR 2020 Workshops", 2020, None, "roe2020light"),
        ),
        (
            f"{CVF}/content_cvpr_2018_workshops/papers/w13/Roe_Light_CVPR_2018_paper.pdf",
            *("CVPR 2018 Workshops", 2018, None, "roe2018light"),
        ),
    ],
)  # fmt: skip
def test_venue_is_what_the_url_says(url: str, name: str, year: int | None, month: int | None, key: str) -> None:
    """Conference and year come from CVF's path, year and month from arXiv's identifier."""
    venue = venue_of(url)
    assert (venue.name, venue.year, venue.month, venue.key) == (name, year, month, key)


def test_proceedings_are_written_out() -> None:
    """A CVF paper names its conference in full, a workshop paper the workshops."""
    main = venue_of(f"{CVF}/content/WACV2022/papers/Roe_Light_WACV_2022_paper.pdf")
    assert main.proceedings == "Winter Conference on Applications of Computer Vision (WACV)"
    workshop = venue_of(f"{CVF}/content/ACCV2020W/X/papers/Roe_Light_ACCVW_2020_paper.pdf")
    assert workshop.proceedings == "Asian Conference on Computer Vision (ACCV) Workshops"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/CVPR2021/papers/Roe_Light_CVPR_2021_paper.pdf",
        f"{CVF}/content/CVPR2021/Roe_Light.pdf",
        f"{CVF}/content/NEWC2031/papers/Roe_Light_NEWC_2031_paper.pdf",
        "https://example.org/2012.09161.pdf",
        "javascript:alert(1)",
    ],
)
def test_nothing_is_guessed(url: str) -> None:
    """An address that does not name a venue in a known way has none, and no year, but a key."""
    venue = venue_of(url)
    assert (venue.name, venue.year, venue.month, venue.proceedings, venue.arxiv) == (None,) * 5
    assert venue.key


@given(st.text())
def test_any_text_has_a_venue_and_a_plain_key(text: str) -> None:
    """Whatever is listed, the key is made of characters that BibTeX takes."""
    assert set(venue_of(text).key) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")

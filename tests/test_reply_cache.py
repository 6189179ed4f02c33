"""This file ensures that replies are kept by model and request, and that a broken file counts as none."""

from pathlib import Path

from cnaps_rag.reply_cache import ReplyCache


def test_a_reply_is_kept(tmp_path: Path) -> None:
    """A reply is found again for the same model and request, and for no other."""
    cache = ReplyCache(folder=tmp_path / "cache")
    assert cache.get("m", ["q"]) is None
    cache.put("m", ["q"], "réponse \ud800")
    assert cache.get("m", ["q"]) == "réponse \ud800"
    assert cache.get("n", ["q"]) is None
    assert cache.get("m", ["r"]) is None


def test_a_broken_file(tmp_path: Path) -> None:
    """A file that is no JSON, or no record of a reply, counts as none and is replaced."""
    cache = ReplyCache(folder=tmp_path)
    cache.put("m", "q", "yes")
    [file] = tmp_path.iterdir()
    for content in ("{", "[]", '{"model": "n", "reply": "no"}', '{"model": "m", "reply": 3}'):
        file.write_text(content)
        assert cache.get("m", "q") is None
    cache.put("m", "q", "yes")
    assert cache.get("m", "q") == "yes"

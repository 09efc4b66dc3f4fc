"""Which of two texts a person reads."""

from exchange.cli.language import both, choose, pick, say, use


def test_the_choice_is_taken_out_of_the_arguments() -> None:
    assert choose(["track", "--lang", "en", "x"], {}) == (["track", "x"], "en")
    assert choose(["track", "--lang=en"], {}) == (["track"], "en")


def test_nothing_is_taken_out_after_a_double_dash() -> None:
    assert choose(["--", "--lang", "en"], {}) == (["--", "--lang", "en"], "zh")


def test_an_argument_wins_over_the_environment() -> None:
    assert choose(["--lang", "zh"], {"YIDI_LANG": "en"}) == ([], "zh")
    assert choose([], {"YIDI_LANG": "en"}) == ([], "en")


def test_texts_follow_the_language_chosen() -> None:
    use("en_GB.UTF-8")
    assert (say("是", "yes"), pick(both("是", "yes"))) == ("yes", "yes")
    use("zh")
    assert (say("是", "yes"), pick(both("是", "yes"))) == ("是", "是")


def test_a_text_without_english_is_shown_as_it_is() -> None:
    use("en")
    assert pick("80") == "80"
    use("zh")

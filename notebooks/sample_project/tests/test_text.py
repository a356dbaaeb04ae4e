from inkwell import excerpt, reading_minutes, slug


def test_a_slug_keeps_letters_and_digits():
    assert slug("Ink & paper, again") == "ink-paper-again"


def test_reading_takes_at_least_a_minute():
    assert reading_minutes("short") == 1
    assert reading_minutes("word " * 660) == 3


def test_an_excerpt_shows_where_it_was_cut():
    assert excerpt("one two three", words=2) == "one two …"
    assert excerpt("one two", words=2) == "one two"

"""What may be said on the command line."""

import pytest

from demo.__main__ import parse


def test_nothing_said_means_a_demonstration_in_real_time() -> None:
    """No argument is needed."""
    options = parse([])
    assert (options.scenario, options.speed, options.check) == ("C", 1.0, None)


def test_check_takes_its_length() -> None:
    """The length is in seconds."""
    assert parse(["--check", "180", "--scenario", "B"]).check == 180


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--check", "30"], "at least 60"),
        (["--check", "180", "--speed", "2"], "real time"),
        (["--check", "180", "--plan"], "--check judges net zero"),
        (["--plan", "--speed", "2"], "clock on the wall"),
        (["--plan", "--empty"], "sets the site up itself"),
        (["--speed", "0"], "between 1 and 100"),
        (["--scenario", "E"], "invalid choice"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The complaint says what is wrong."""
    with pytest.raises(SystemExit):
        parse(arguments)
    assert complaint in capsys.readouterr().err

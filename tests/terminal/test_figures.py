import math

import pytest

from gpunet.terminal.draw import figures


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.27114, "0.2711"),
        (12.3456, "12.346"),
        (123.456, "123.46"),
        (0.0, "0.0000"),
        (0.000012, "1.2e-05"),
        (3.4e38, "3.4e+38"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (None, "-"),
    ],
)
def test_a_loss_of_any_size_is_written_in_at_most_seven_characters(
    value: float | None, written: str
) -> None:
    assert written == figures.loss(value)
    assert len(written) <= 7


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0:00"),
        (59.9, "0:59"),
        (760.0, "12:40"),
        (3723.0, "1:02:03"),
        (3 * 86_400 + 4 * 3600 + 5 * 60 + 6, "3 d 04:05:06"),
        (-1.0, "0:00"),
        (math.inf, "-"),
        (None, "-"),
    ],
)
def test_a_duration_is_told_to_the_second(value: float | None, written: str) -> None:
    assert written == figures.duration(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.00032, "0.32 ms"), (0.038, "38 ms"), (0.0999, "0.1 s"), (2.94, "2.9 s"), (65.0, "1:05")],
)
def test_a_measured_time_is_told_as_finely_as_is_of_interest(value: float, written: str) -> None:
    assert written == figures.seconds(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (18_500.4, "18,500 samples/s"),
        (1_850_000.0, "1.85 M samples/s"),
        (185_000_000.0, "185.0 M samples/s"),
        (math.inf, "- samples/s"),
    ],
)
def test_a_throughput_is_at_most_seventeen_characters_long(value: float, written: str) -> None:
    assert written == figures.rate(value)
    assert len(written) <= 17


def test_a_share_is_a_percentage_with_two_decimals() -> None:
    assert [figures.percent(v) for v in (0.92114, 1.0, None)] == ["92.11 %", "100.00 %", "-"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.00 KiB"),
        (52_008, "50.8 KiB"),
        (1_048_575, "1024 KiB"),
        (123 << 20, "123 MiB"),
        (5 << 30, "5.00 GiB"),
    ],
)
def test_a_number_of_bytes_is_written_in_the_unit_that_fits(value: int, written: str) -> None:
    assert written == figures.size(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (12, "12"),
        (999, "999"),
        (1000, "1.00 k"),
        (999_600, "1.00 M"),
        (1.614e6, "1.61 M"),
    ],
)
def test_amounts_are_written_in_three_digits(value: float, text: str) -> None:
    assert text == figures.amount(value)

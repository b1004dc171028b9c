import math
from collections.abc import Callable
from typing import Any

import pytest

from gpunet.terminal.draw import formats


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
    assert written == formats.loss(value)
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
    assert written == formats.duration(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.00032, "0.32 ms"), (0.038, "38 ms"), (0.0999, "0.1 s"), (2.94, "2.9 s"), (65.0, "1:05")],
)
def test_a_measured_time_is_told_as_finely_as_is_of_interest(value: float, written: str) -> None:
    assert written == formats.seconds(value)


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
    assert written == formats.rate(value)
    assert len(written) <= 17


def test_a_share_is_a_percentage_with_two_decimals() -> None:
    assert [formats.percent(v) for v in (0.92114, 1.0, None)] == ["92.11 %", "100.00 %", "-"]


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
    assert written == formats.size(value)


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
    assert text == formats.amount(value)


BORDERS: dict[Callable[..., str], list[tuple[Any, str]]] = {
    formats.loss: [
        *[(0.001, "0.0010"), (0.00099, "9.9e-04"), (-0.5, "-0.5000"), (-0.00042, "-4.2e-04")],
        *[(9.5, "9.5000"), (10.0, "10.000"), (99.5, "99.500"), (100.0, "100.00")],
        *[(999.5, "999.50"), (1000.0, "1.0e+03"), (-2000.0, "-2.0e+03"), (-math.inf, "-inf")],
    ],
    formats.learning_rate: [(0.002, "2.0e-03"), (1.0, "1.0e+00"), (0.12345, "1.2e-01")],
    formats.percent: [(0.0, "0.00 %"), (0.12345, "12.35 %"), (0.99999, "100.00 %")],
    formats.count: [(0, "0"), (999, "999"), (1000, "1,000"), (12_345_678, "12,345,678")],
    formats.size: [
        *[(1, "1 bytes"), (10_000, "9.77 KiB"), (10_239, "10.0 KiB"), (102_300, "99.9 KiB")],
        *[(102_399, "100 KiB"), (1 << 20, "1.00 MiB"), (1 << 30, "1.00 GiB")],
        *[(1 << 40, "1.00 TiB"), (1 << 50, "1.00 PiB"), (1 << 60, "1024 PiB")],
    ],
    formats.amount: [
        *[(0.1234, "0.123"), (12.34, "12.3"), (999.4, "999"), (999.5, "1.00 k")],
        *[(9994.0, "9.99 k"), (9996.0, "10.0 k"), (99_940.0, "99.9 k"), (99_960.0, "100 k")],
        *[(2e6, "2.00 M"), (2e9, "2.00 G"), (2e12, "2.00 T"), (2e15, "2.00 P"), (2e19, "20000 P")],
    ],
    formats.rate: [
        *[(0.0, "0 samples/s"), (999_999.0, "999,999 samples/s"), (1e6, "1.00 M samples/s")],
        *[(99e6, "99.00 M samples/s"), (1e8, "100.0 M samples/s"), (999e6, "999.0 M samples/s")],
        *[(1e9, "1.0e+09 samples/s"), (math.nan, "- samples/s")],
    ],
    formats.seconds: [
        *[(0.00999, "9.99 ms"), (0.01, "10 ms"), (0.0994, "99 ms"), (0.0995, "0.1 s")],
        *[(1.25, "1.2 s"), (59.9, "59.9 s"), (59.95, "0:59"), (3661.0, "1:01:01")],
    ],
    formats.duration: [
        *[(60.0, "1:00"), (3599.9, "59:59"), (3600.0, "1:00:00"), (86_399.0, "23:59:59")],
        *[(86_400.0, "1 d 00:00:00"), (1000 * 86_400.0 + 61, "1,000 d 00:01:01")],
        *[(math.nan, "-"), (-math.inf, "-")],
    ],
}


@pytest.mark.parametrize("write", BORDERS, ids=lambda write: write.__name__)
def test_a_figure_is_written_as_told_on_both_sides_of_every_border(
    write: Callable[..., str],
) -> None:
    assert [(value, write(value)) for value, _ in BORDERS[write]] == BORDERS[write]


def test_where_there_is_no_figure_what_is_asked_for_stands_for_it() -> None:
    for write in (formats.loss, formats.percent, formats.duration):
        assert write(None, nothing="none") == "none"
        assert write(None) == "-"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.45231, "0.4523"),
        (0.00004, "0.0000"),
        (-0.0123, "-0.0123"),
        (-12.3456, "-12.346"),
        (-1.2e9, "-1.2e+09"),
        (math.nan, "-"),
        (None, "-"),
    ],
)
def test_r2_is_written_in_at_most_eight_characters(value: float | None, written: str) -> None:
    assert formats.r2(value) == written
    assert len(written) <= 8


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (151.23456, "151.23"),
        (-0.0123456, "-0.012346"),
        (250_119.4, "250,119"),
        (9_999.96, "10,000.0"),
        (-123_456_789.0, "-123,456,789"),
        (1.2e12, "1.2e+12"),
        (3e-7, "3.0e-07"),
        (0.0, "0"),
        (math.inf, "inf"),
        (None, "-"),
    ],
)
def test_a_measured_value_has_five_digits_or_more(value: float | None, written: str) -> None:
    assert formats.measured(value) == written
    assert len(written) <= 13


def test_a_measured_value_is_as_fine_as_the_one_that_it_stands_beside() -> None:
    assert formats.measured(1_255.2, beside=14_606.0) == "1,255"
    assert formats.measured(0.0213, beside=151.23) == "0.02"
    assert formats.measured(25_119.0, beside=9.5) == "25,119.0000"


@pytest.mark.parametrize(
    ("rate", "highest", "written"),
    [
        (0.002, 0.002, "2.0e-03"),
        (1.9e-9, 0.005, "0"),
        (1.9e-9, 1e-6, "1.9e-09"),
        (1.9e-9, 0.0, "1.9e-09"),
        (0.0, 0.1, "0"),
        (1e-5, 0.1, "1.0e-05"),
    ],
)
def test_a_rate_that_is_none_beside_the_highest_is_zero(
    rate: float, highest: float, written: str
) -> None:
    assert formats.learning_rate(rate, highest) == written

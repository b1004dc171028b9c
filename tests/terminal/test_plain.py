import math
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from rich.console import Console

from gpunet.terminal.live.messages import ConsoleMessages
from gpunet.terminal.live.plain import PlainPrinter, log_printer
from gpunet.training.events import EpochEnd, EpochRecord, Progress, RunInfo

MakeConsole = Callable[..., Console]
MakeRun = Callable[..., RunInfo]
MakeRecord = Callable[..., EpochRecord]

NO_GALLERY = np.zeros((0, 10), np.float32)


def lines(console: Console, run: RunInfo, records: list[EpochRecord], best: int = 1) -> list[str]:
    printer = PlainPrinter(console)
    printer.on_train_begin(run)
    for record in records:
        printer.on_epoch_end(EpochEnd.of(record, best, 5, NO_GALLERY))
    printer.on_train_end("early stopping", best)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text.splitlines()


def test_a_run_is_two_lines_at_the_start_one_per_epoch_and_one_at_the_end(
    make_text_console: MakeConsole, make_run: MakeRun, make_record: MakeRecord
) -> None:
    records = [make_record(1, 0.2711), make_record(2, 0.25)]
    start, data, head, first, second, end = lines(make_text_console(20, 5), make_run(), records)
    assert start == "train:  784-16-16-10, 13,002 parameters, adam, 860 steps per epoch"
    assert data == "        digits: 55,000 samples to train, 5,000 to validate, 24 to test"
    assert [head, first, second] == [
        "                loss      acc val loss  val acc    time      lr samples/s * kept",
        "epoch  1/30   0.2711  75.00 %   0.2811  74.00 %   2.9 s 2.0e-03    18.5 k *",
        "epoch  2/30   0.2500  80.00 %   0.2600  79.00 %   2.9 s 2.0e-03    18.5 k",
    ]
    assert end == "stopped early, no improvement; the weights of epoch 1 are kept"


def test_the_columns_stay_aligned_whatever_the_figures(
    make_text_console: MakeConsole, make_run: MakeRun, make_record: MakeRecord
) -> None:
    records = [make_record(n, loss) for n, loss in [(2, 0.2), (11, math.nan), (30, 1.2e30)]]
    printed = lines(make_text_console(), make_run(), records)[2:-1]
    assert len({len(line) for line in printed}) == 2  # the head and the epochs
    assert max(map(len, printed)) <= 80


def test_without_held_out_samples_nothing_is_said_of_them(
    make_text_console: MakeConsole, make_run: MakeRun, make_record: MakeRecord
) -> None:
    printed = lines(
        make_text_console(), make_run(validation=0), [make_record(1, 0.3, validation=False)]
    )
    assert not any("val" in line for line in printed)


def test_lines_have_no_escape_codes_and_are_ascii(
    make_text_console: MakeConsole, make_run: MakeRun, make_record: MakeRecord
) -> None:
    console = make_text_console(colors="truecolor")
    text = "\n".join(lines(console, make_run(), [make_record(1)]))
    assert "\x1b" not in text
    assert text.isascii()


def test_the_start_tells_in_how_many_windows_an_epoch_comes(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    start = lines(make_text_console(), replace(make_run(), windows=47), [])[0]
    assert start.endswith("860 steps per epoch in 47 windows")


def test_square_brackets_in_a_name_are_printed_as_they_are(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    run = make_run()
    run = replace(run, dataset=replace(run.dataset, name="marks [bold]"))
    assert "marks [bold]" in lines(make_text_console(), run, [])[1]


def test_a_run_without_an_epoch_keeps_no_weights(
    make_text_console: MakeConsole, make_run: MakeRun
) -> None:
    *_, end = lines(make_text_console(), make_run(), [], best=0)
    assert end == "stopped early, no improvement; no weights are kept"


def test_the_first_interrupt_asks_the_run_to_stop(make_text_console: MakeConsole) -> None:
    messages = ConsoleMessages(make_text_console())
    with messages.training():
        signal.raise_signal(signal.SIGINT)
    assert messages.control.stop_now.is_set()


def test_a_resumed_run_says_where_it_goes_on(
    make_text_console: MakeConsole, make_run: MakeRun, make_record: MakeRecord
) -> None:
    run = replace(make_run(), history=(make_record(1), make_record(2)), best_epoch=1)
    printed = lines(make_text_console(), run, [make_record(3)])
    assert printed[2] == "        resumed after epoch 2, best 1"


def test_the_end_names_the_epoch_that_diverged_and_the_one_that_is_kept(
    make_text_console: MakeConsole, make_run: MakeRun, make_record: MakeRecord
) -> None:
    console = make_text_console(80, 5)
    printer = PlainPrinter(console)
    printer.on_train_begin(make_run())
    for epoch in (1, 2):
        printer.on_epoch_end(EpochEnd.of(make_record(epoch), 1, None, NO_GALLERY))
    printer.on_train_end("diverged", 1)
    last = console.file.getvalue().splitlines()[-1]  # type: ignore[attr-defined]
    assert last == "diverged: no finite loss in epoch 2; the weights of epoch 1 are kept"


def test_a_run_of_an_ensemble_by_another_optimizer_is_told_so(
    make_text_console: MakeConsole, make_run: MakeRun, make_record: MakeRecord
) -> None:
    run = make_run(validation=12_345)
    config = replace(run.config, ensemble=5, optimizer="sgd", epochs=1234)
    run = replace(run, config=config, steps_per_epoch=1234)
    assert lines(make_text_console(), run, [make_record(7, 123.456)])[:4] == [
        "train:  ensemble of 5, 784-16-16-10, 13,002 parameters each, sgd, 1,234 steps per epoch",
        "        digits: 55,000 samples to train, 12,345 to validate, 24 to test",
        "                    loss      acc val loss  val acc    time      lr  in all/s * kept",
        "epoch    7/1234   123.46  90.00 %   123.47  89.00 %   2.9 s 2.0e-03    18.5 k",
    ]


def test_a_line_without_validation_is_told_whole(
    make_text_console: MakeConsole, make_run: MakeRun, make_record: MakeRecord
) -> None:
    run = make_run(validation=0)
    record = replace(make_record(1, 0.00042, validation=False), seconds=0.038)
    assert lines(make_text_console(), run, [record])[1:4] == [
        "        digits: 55,000 samples to train, 24 to test",
        "                loss      acc    time      lr samples/s * kept",
        "epoch  1/30  4.2e-04  75.00 %   38 ms 2.0e-03    18.5 k *",
    ]


def test_interrupts_are_handled_only_while_lines_are_printed(
    make_text_console: MakeConsole,
) -> None:
    before = signal.getsignal(signal.SIGINT)
    with ConsoleMessages(make_text_console()).training() as display:
        assert isinstance(display, PlainPrinter)
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_a_log_is_appended_to_line_by_line_and_what_cannot_be_written_is_lost(
    tmp_path: Path, make_run: MakeRun, make_record: MakeRecord
) -> None:
    path = tmp_path / "log.txt"
    path.write_text("before\n", "utf-8")
    printer = log_printer(path)
    run = make_run()
    printer.on_train_begin(replace(run, dataset=replace(run.dataset, name="z\u00fcge \ud800")))
    begun = path.read_text("utf-8").splitlines()
    stamp = len("2030-05-17 14:03:59+00:00  ")
    assert begun[0] == "before"
    assert all(datetime.fromisoformat(line[: stamp - 2]).tzinfo for line in begun[1:])
    begun = [line[stamp:] for line in begun]
    assert begun[1] == "train:  784-16-16-10, 13,002 parameters, adam, 860 steps per epoch"
    assert begun[2].startswith("        z\u00fcge \\ud800: 55,000 samples")
    assert len(begun) == 3
    path.unlink()
    path.mkdir()
    printer.on_epoch_end(EpochEnd.of(make_record(1), 1, None, NO_GALLERY))
    path.rmdir()
    printer.on_epoch_end(EpochEnd.of(make_record(2), 1, None, NO_GALLERY))
    printer.on_train_end("time limit reached", 1)
    after = path.read_text("utf-8").splitlines()
    assert [line[stamp:].split()[:2] for line in after] == [["epoch", "2/30"], ["time", "limit"]]


def test_a_long_epoch_says_every_half_minute_how_far_it_is(
    make_text_console: MakeConsole, make_run: MakeRun, make_record: MakeRecord
) -> None:
    console = make_text_console()
    printer = PlainPrinter(console)
    printer.on_train_begin(make_run())
    told = Progress(1, 86, 860, 0.4, 0.9, 18_500.0, "training", 100.0, 3605.0)
    for elapsed in (100.0, 110.0, 129.0, 130.5, 150.0, 161.0):
        printer.on_progress(replace(told, elapsed=elapsed))
    printer.on_epoch_end(EpochEnd.of(make_record(1), 1, None, NO_GALLERY))
    printer.on_progress(replace(told, elapsed=185.0))
    printer.on_progress(replace(told, elapsed=250.0, phase="paused"))
    within = [line for line in console.file.getvalue().splitlines() if "within" in line]  # type: ignore[attr-defined]
    assert (
        within == ["        within epoch 1: 10 %, loss 0.4000, acc 90.00 %, about 1:00:05 left"] * 2
    )


def test_the_head_of_the_table_is_said_again_in_a_long_run(
    make_text_console: MakeConsole, make_run: MakeRun, make_record: MakeRecord
) -> None:
    printed = lines(make_text_console(), make_run(), [make_record(n) for n in range(1, 61)])
    assert [place for place, line in enumerate(printed) if line.endswith("* kept")] == [2, 28, 54]

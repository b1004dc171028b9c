"""``gpunet train``: its options. What they ask for is carried out by ``training_run``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gpunet.cli import options
from gpunet.cli.configuration import (
    ConfigFile,
    PrintConfig,
    RecipeName,
    blaming_the_file,
    configuration,
)
from gpunet.config import (
    ACTIVATIONS,
    DEFAULT_LEARNING_RATE,
    FramingStyle,
    Initialisation,
    Loss,
    Monitor,
    Optimizer,
    Schedule,
    TrainConfig,
    parse_dropout,
    parse_duration,
    parse_hidden,
)
from gpunet.errors import UsageError

__all__ = ["train"]

_DEFAULT_RATES = ", ".join(
    f"{rate:g} for {optimizer}" for optimizer, rate in DEFAULT_LEARNING_RATE.items()
)

DEFAULT = TrainConfig()


def _open_default(epochs: int) -> str:
    """What the help says of a number of epochs that follows from the data."""
    return f"{epochs}, more for few samples"


def train(
    context: typer.Context,
    config_file: ConfigFile = None,
    recipe: RecipeName = None,
    data: Annotated[
        str,
        typer.Option(
            help="mnist, fashion-mnist, strokes (built in), or a path to IDX, CSV or NPZ files or "
            "folders of images; auto takes MNIST if it can be had, else strokes.",
            rich_help_panel=options.DATA,
        ),
    ] = "auto",
    validation: Annotated[
        float,
        typer.Option(
            help="Samples held out to validate: a count, or a fraction below 1; a validation set "
            "that the data bring goes before, but for 0.",
            rich_help_panel=options.DATA,
        ),
    ] = DEFAULT.validation,
    shuffle_split: Annotated[
        bool,
        typer.Option(
            "--shuffle-split",
            help="Hold out a random part instead of the last one.",
            rich_help_panel=options.DATA,
        ),
    ] = DEFAULT.shuffle_split,
    standardize: Annotated[
        bool,
        typer.Option(
            help="Bring features that are no pixels to mean 0 and deviation 1. Pixels are bytes, "
            "and floats from 0 to 1 in images; in images of other floats all share one mean.",
            rich_help_panel=options.DATA,
        ),
    ] = DEFAULT.standardize,
    framing: Annotated[
        FramingStyle,
        typer.Option(
            help="How predict places a drawing in an image: like MNIST's digits (cropped, fitted "
            "into a box, centred by mass) or as it is; auto finds out from the training images.",
            rich_help_panel=options.DATA,
        ),
    ] = DEFAULT.framing,
    label: options.Label = DEFAULT.label,
    hidden: Annotated[
        str,
        typer.Option(
            help="Units of each hidden layer, or none for softmax regression.",
            rich_help_panel=options.NETWORK,
        ),
    ] = ",".join(map(str, DEFAULT.hidden)),
    activation: Annotated[
        str,
        typer.Option(
            help=f"Of the hidden layers: one name for all, or one for each, separated by commas. "
            f"Known are {', '.join(ACTIVATIONS)}.",
            metavar="NAME[,NAME...]",
            autocompletion=lambda: list(ACTIVATIONS),
            rich_help_panel=options.NETWORK,
        ),
    ] = DEFAULT.activation,
    leaky_slope: Annotated[
        float,
        typer.Option(help="Slope of leaky ReLU below zero.", rich_help_panel=options.NETWORK),
    ] = DEFAULT.leaky_slope,
    layer_norm: Annotated[
        bool,
        typer.Option(
            "--layer-norm",
            help="Normalise every hidden layer's sums before the activation.",
            rich_help_panel=options.NETWORK,
        ),
    ] = DEFAULT.layer_norm,
    initialisation: Annotated[
        Initialisation,
        typer.Option(
            "--init",
            help="auto: He for the ReLU family, Glorot for sigmoid and tanh.",
            rich_help_panel=options.NETWORK,
        ),
    ] = DEFAULT.initialisation,
    seed: Annotated[
        int,
        typer.Option(
            help="Of initialisation, shuffling, dropout and the split.",
            rich_help_panel=options.NETWORK,
        ),
    ] = DEFAULT.seed,
    ensemble: Annotated[
        int,
        typer.Option(
            help="Train so many networks side by side, with the seeds from --seed on; saved in one "
            "file, they answer together.",
            rich_help_panel=options.NETWORK,
        ),
    ] = DEFAULT.ensemble,
    loss: Annotated[
        Loss,
        typer.Option(help="What is minimised.", rich_help_panel=options.NETWORK),
    ] = DEFAULT.loss,
    optimizer: Annotated[
        Optimizer, typer.Option(help="The update rule.", rich_help_panel=options.OPTIMIZER)
    ] = DEFAULT.optimizer,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "--learning-rate",
            "--lr",
            help=f"Step size at the start; by default {_DEFAULT_RATES}.",
            rich_help_panel=options.OPTIMIZER,
            show_default=False,
        ),
    ] = DEFAULT.learning_rate,
    find_lr: Annotated[
        bool,
        typer.Option(
            "--find-lr",
            help="Do not train but try growing learning rates for some steps, draw the loss and "
            "suggest a rate.",
            rich_help_panel=options.OPTIMIZER,
        ),
    ] = False,
    schedule: Annotated[
        Schedule,
        typer.Option(
            help="How the learning rate changes; the README shows each.",
            rich_help_panel=options.SCHEDULE,
        ),
    ] = DEFAULT.schedule,
    warmup: Annotated[
        float,
        typer.Option(
            help="Epochs over which the rate rises from near zero; may be a fraction.",
            rich_help_panel=options.SCHEDULE,
        ),
    ] = DEFAULT.warmup,
    lr_decay: Annotated[
        float,
        typer.Option(
            help="What step, exponential, inverse-time and plateau leave of the rate each time.",
            rich_help_panel=options.SCHEDULE,
        ),
    ] = DEFAULT.lr_decay,
    lr_decay_every: Annotated[
        int | None,
        typer.Option(
            help="Epochs for that; for plateau, epochs without a gain.",
            rich_help_panel=options.SCHEDULE,
            show_default=_open_default(DEFAULT.effective_lr_decay_every),
        ),
    ] = DEFAULT.lr_decay_every,
    lr_final: Annotated[
        float,
        typer.Option(
            help="Where cosine, linear and one-cycle end, and below which no other falls.",
            rich_help_panel=options.SCHEDULE,
        ),
    ] = DEFAULT.lr_final,
    restart_every: Annotated[
        int,
        typer.Option(
            help="Start the schedule again every so many epochs; 0 never does.",
            rich_help_panel=options.SCHEDULE,
        ),
    ] = DEFAULT.restart_every,
    restart_lr: Annotated[
        float | None,
        typer.Option(
            help="The rate after a restart, if not the one at the start.",
            rich_help_panel=options.SCHEDULE,
            show_default=False,
        ),
    ] = DEFAULT.restart_lr,
    momentum: Annotated[
        float,
        typer.Option(
            help="Of sgd.",
            rich_help_panel=options.OPTIMIZER,
        ),
    ] = DEFAULT.momentum,
    nesterov: Annotated[
        bool,
        typer.Option(
            help="Look ahead by sgd's momentum.",
            rich_help_panel=options.OPTIMIZER,
        ),
    ] = DEFAULT.nesterov,
    beta1: Annotated[
        float,
        typer.Option(
            help="Decay of the first moment, of adam and its kin and lion.",
            rich_help_panel=options.OPTIMIZER,
        ),
    ] = DEFAULT.beta1,
    beta2: Annotated[
        float | None,
        typer.Option(
            help="Decay of the second moment; by default 0.999, or 0.99 for rmsprop and lion.",
            rich_help_panel=options.OPTIMIZER,
            show_default=False,
        ),
    ] = DEFAULT.beta2,
    epsilon: Annotated[
        float,
        typer.Option(
            help="Added to the root of the second moment.",
            rich_help_panel=options.OPTIMIZER,
        ),
    ] = DEFAULT.epsilon,
    weight_decay: Annotated[
        float | None,
        typer.Option(
            help="Decoupled shrinking of all parameters; by default 0.01 for adamw, else 0.",
            rich_help_panel=options.OPTIMIZER,
            show_default=False,
        ),
    ] = DEFAULT.weight_decay,
    clip_value: Annotated[
        float,
        typer.Option(
            help="Bound on each part of the gradient; 0 for none.",
            rich_help_panel=options.OPTIMIZER,
        ),
    ] = DEFAULT.clip_value,
    clip_norm: Annotated[
        float,
        typer.Option(
            help="Bound on the length of the whole gradient; 0 for none.",
            rich_help_panel=options.OPTIMIZER,
        ),
    ] = DEFAULT.clip_norm,
    batch_size: Annotated[
        int, typer.Option(help="Samples per step.", rich_help_panel=options.OPTIMIZER)
    ] = DEFAULT.batch_size,
    dropout: Annotated[
        str,
        typer.Option(
            help="Probability of dropping a hidden unit: one for all hidden layers, or one for "
            "each, separated by commas.",
            metavar="RATE[,RATE...]",
            rich_help_panel=options.REGULARISATION,
        ),
    ] = "0",
    input_dropout: Annotated[
        float,
        typer.Option(
            help="Probability of dropping a feature.", rich_help_panel=options.REGULARISATION
        ),
    ] = DEFAULT.input_dropout,
    l1: Annotated[
        float,
        typer.Option(
            help="Penalty on the weights' sizes.",
            rich_help_panel=options.REGULARISATION,
        ),
    ] = DEFAULT.l1,
    l2: Annotated[
        float,
        typer.Option(
            help="Penalty on half the weights' squares.",
            rich_help_panel=options.REGULARISATION,
        ),
    ] = DEFAULT.l2,
    l1_biases: Annotated[
        float,
        typer.Option(
            help="The same for the biases.",
            rich_help_panel=options.REGULARISATION,
        ),
    ] = DEFAULT.l1_biases,
    l2_biases: Annotated[
        float,
        typer.Option(
            help="The same for the biases.",
            rich_help_panel=options.REGULARISATION,
        ),
    ] = DEFAULT.l2_biases,
    max_norm: Annotated[
        float,
        typer.Option(
            help="Bound on the length of a unit's incoming weights; 0 for none.",
            rich_help_panel=options.REGULARISATION,
        ),
    ] = DEFAULT.max_norm,
    class_weights: Annotated[
        str,
        typer.Option(
            help="What a sample counts: none, balanced, or a weight per class like 1,5,0.5.",
            rich_help_panel=options.REGULARISATION,
        ),
    ] = DEFAULT.class_weights,
    label_smoothing: Annotated[
        float,
        typer.Option(
            help="Share of each label that is spread over all classes.",
            rich_help_panel=options.REGULARISATION,
        ),
    ] = DEFAULT.label_smoothing,
    epochs: Annotated[
        int | None,
        typer.Option(
            help="Passes over the data, at most.",
            rich_help_panel=options.STOPPING,
            show_default=_open_default(DEFAULT.effective_epochs),
        ),
    ] = DEFAULT.epochs,
    patience: Annotated[
        int | None,
        typer.Option(
            help="Stop after so many epochs without a gain in what is monitored; 0 never does.",
            rich_help_panel=options.STOPPING,
            show_default=_open_default(DEFAULT.effective_patience),
        ),
    ] = DEFAULT.patience,
    min_delta: Annotated[
        float,
        typer.Option(
            help="What counts as a gain, in nats per sample or as a fraction.",
            rich_help_panel=options.STOPPING,
        ),
    ] = DEFAULT.min_delta,
    monitor: Annotated[
        Monitor,
        typer.Option(
            help="What decides which epoch is the best and when to stop.",
            rich_help_panel=options.STOPPING,
        ),
    ] = DEFAULT.monitor,
    start_from_epoch: Annotated[
        int,
        typer.Option(
            help="The first epoch that can use up the patience.",
            rich_help_panel=options.STOPPING,
        ),
    ] = DEFAULT.start_from_epoch,
    stability: Annotated[
        float,
        typer.Option(
            help="Stop once the mean gain per epoch over the last --patience epochs is below "
            "this; 0 never does.",
            rich_help_panel=options.STOPPING,
        ),
    ] = DEFAULT.stability,
    target_accuracy: Annotated[
        float | None,
        typer.Option(
            help="Stop after the epoch whose validation accuracy reaches this fraction.",
            rich_help_panel=options.STOPPING,
            show_default=False,
        ),
    ] = DEFAULT.target_accuracy,
    max_time: Annotated[
        str | None,
        typer.Option(
            help="Stop after so many seconds, or 10m, or 1h30m, of work; pauses do not count.",
            metavar="TIME",
            rich_help_panel=options.STOPPING,
            show_default=False,
        ),
    ] = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            help="Keep checkpoints, the best model, the report and a log in this new folder.",
            rich_help_panel=options.RUN,
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="The same in the folder runs/NAME.",
            rich_help_panel=options.RUN,
            show_default=False,
        ),
    ] = None,
    checkpoint_every: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Epochs between two checkpoints, by default 1; without --run-dir or --name the "
            "folder in runs is named by date, time and layers.",
            rich_help_panel=options.RUN,
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN_DIR",
            help="Go on with the run in a folder, with its data and settings; --epochs may be "
            "raised and --max-time changed.",
            rich_help_panel=options.RUN,
            show_default=False,
        ),
    ] = None,
    device: options.Device = "auto",
    output: Annotated[
        Path, typer.Option(help="The model file.", rich_help_panel=options.OUTPUT)
    ] = Path("model.safetensors"),
    report: Annotated[
        Path | None,
        typer.Option(
            help="Write settings, history and results as JSON, too.",
            rich_help_panel=options.OUTPUT,
            show_default=False,
        ),
    ] = None,
    plot: options.Plot = None,
    force: options.Force = False,
    showcase: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Test samples to show with their predictions; 0 for none, 10 by default where "
            "the screen has room.",
            rich_help_panel=options.OUTPUT,
            show_default=False,
        ),
    ] = None,
    graphics: options.Graphics = "auto",
    plain: options.Plain = False,
    quiet: options.Quiet = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="With --find-lr: print the rates, their losses and the suggestion as JSON.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = False,
    autotune: Annotated[
        bool,
        typer.Option(
            help="Cut large matrix products as was measured to be the fastest on this device, and "
            "measure first if the run is long; the results are the same either way.",
            rich_help_panel=options.DEVICE,
        ),
    ] = True,
    explain_plan: Annotated[
        bool,
        typer.Option(
            "--explain-plan",
            help="Do not train but print the passes of a training step on the device.",
            rich_help_panel=options.DEVICE,
        ),
    ] = False,
    show_shader: Annotated[
        str | None,
        typer.Option(
            metavar="PASS",
            help="With --explain-plan: print the shader of a pass, like 'forward 1', instead.",
            rich_help_panel=options.DEVICE,
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        bool,
        typer.Option(
            "--profile",
            help="Measure where the time of a step goes, kernel by kernel, before training.",
            rich_help_panel=options.DEVICE,
        ),
    ] = False,
    print_config: PrintConfig = False,
) -> None:
    """Train a network, save its best weights, and show what it learnt.

    Ctrl-C stops the training and saves; twice, it aborts.
    """
    with blaming_the_file(context):
        config = TrainConfig(
            hidden=parse_hidden(hidden),
            activation=activation,
            leaky_slope=leaky_slope,
            initialisation=initialisation,
            optimizer=optimizer,
            learning_rate=learning_rate,
            schedule=schedule,
            warmup=warmup,
            lr_decay=lr_decay,
            lr_decay_every=lr_decay_every,
            lr_final=lr_final,
            restart_every=restart_every,
            restart_lr=restart_lr,
            momentum=momentum,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            loss=loss,
            layer_norm=layer_norm,
            class_weights=class_weights,
            label_smoothing=label_smoothing,
            nesterov=nesterov,
            weight_decay=weight_decay,
            clip_value=clip_value,
            clip_norm=clip_norm,
            l1=l1,
            l2=l2,
            l1_biases=l1_biases,
            l2_biases=l2_biases,
            max_norm=max_norm,
            batch_size=batch_size,
            epochs=epochs,
            dropout=parse_dropout(dropout),
            input_dropout=input_dropout,
            patience=patience,
            min_delta=min_delta,
            monitor=monitor,
            start_from_epoch=start_from_epoch,
            stability=stability,
            target_accuracy=target_accuracy,
            max_time=None if max_time is None else parse_duration(max_time),
            validation=validation,
            shuffle_split=shuffle_split,
            standardize=standardize,
            framing=framing,
            label=label,
            seed=seed,
            ensemble=ensemble,
        )
    if as_json and not find_lr:
        raise UsageError("--json goes with --find-lr; a run is written as JSON by --report FILE")
    if show_shader is not None and not explain_plan:
        raise UsageError(f"--show-shader {show_shader} goes with --explain-plan; add that")
    if print_config:
        _require_alone("--print-config", {"--resume": resume})
        typer.echo(configuration(context, config), nl=False)
        return
    if find_lr:
        _require_alone("--find-lr", {"--resume": resume, "--run-dir": run_dir, "--name": name})
        _require_alone("--find-lr", {"--profile": profile or None})
        from gpunet.cli.find_lr import find_lr as find

        find(config, data, device, plain=plain, quiet=quiet, as_json=as_json)
        return
    if explain_plan:
        _require_alone("--explain-plan", {"--resume": resume, "--quiet": quiet or None})
        _require_alone("--explain-plan", {"--profile": profile or None})
        from gpunet.cli.explain_plan import explain_plan as explain

        explain(config, data, device, plain=plain, shader=show_shader, autotune=autotune)
        return
    if profile:
        _require_alone("--profile", {"--quiet": quiet or None})
    options.require_places(output, report, plot)
    from gpunet.cli.run_names import named_run
    from gpunet.cli.training_run import Wishes, carry_out
    from gpunet.workflows.run_folders import resumed_run

    if resume is None:
        keeping = named_run(run_dir, name, checkpoint_every, config, datetime.now())
    else:
        others = {"--run-dir": run_dir, "--name": name, "--config": config_file, "--recipe": recipe}
        _require_alone("--resume", others)
        given = _given(context)
        settings = given.intersection(config.to_dict())
        keeping, config = resumed_run(resume, checkpoint_every, config, settings)
        data = data if "data" in given else keeping.reference
    wishes = Wishes(
        config,
        data,
        device,
        output,
        report,
        plot,
        showcase,
        graphics,
        plain,
        quiet,
        profile,
        autotune,
        keeping,
        force,
    )
    carry_out(wishes)


def _given(context: typer.Context) -> set[str]:
    """The names of the parameters that the command line names."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}


def _require_alone(option: str, others: Mapping[str, object]) -> None:
    for other, value in others.items():
        if value is not None:
            raise UsageError(f"{option} and {other} cannot go together; leave out {other}")

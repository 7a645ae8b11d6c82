package separable.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code separable bench}: measurements. */
@Command(name = "bench", description = "Measure the device.", synopsisSubcommandLabel = "WHAT",
        subcommands = {BenchKernelsCommand.class, BenchStepCommand.class})
final class BenchCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "nothing named to measure (kernels, step)");
    }
}

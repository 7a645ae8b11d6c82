package separable.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import separable.bench.DrawingException;
import separable.data.DataException;
import separable.device.DeviceException;
import separable.train.TrainingException;

/** The {@code separable} command. Every failure ends in one line on the error stream and an exit status that is not 0. */
@Command(name = "separable", scope = ScopeType.INHERIT, mixinStandardHelpOptions = true, versionProvider = Version.class,
        abbreviateSynopsis = true, description = "Depthwise-separable convolution on NVIDIA GPUs for Java.",
        synopsisSubcommandLabel = "COMMAND", subcommands = {TrainCommand.class, PreviewCommand.class, EvalCommand.class, PredictCommand.class,
            ExportCommand.class, BenchCommand.class, SummaryCommand.class, DoctorCommand.class})
public final class Main implements Runnable {

    /** A run failed. */
    static final int FAILED = 1;
    /** The command line asks for something that is not possible. */
    static final int USAGE = 2;
    /** What shells report for a program that Ctrl-C ended. */
    static final int INTERRUPTED = 130;

    @Spec
    private CommandSpec spec;

    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "print stack traces of failures")
    private boolean verbose;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command given: use " + String.join(", ", spec.subcommands().keySet()));
    }

    public static void main(String[] arguments) {
        System.exit(run(arguments, new PrintWriter(System.out, true), new PrintWriter(System.err, true)));
    }

    /** Runs one command line. @return the exit status */
    static int run(String[] arguments, PrintWriter out, PrintWriter err) {
        Main main = new Main();
        CommandLine line = new CommandLine(main).setOut(out).setErr(err)
                .setParameterExceptionHandler((e, words) -> main.report(err, usage(e), e, USAGE))
                .setExecutionExceptionHandler((e, command, result) -> main.report(err, describe(e), e, status(e)));
        try {
            return line.execute(arguments);
        } catch (OutOfMemoryError e) {
            return main.report(err, "the Java heap of " + Runtime.getRuntime().maxMemory() / (1 << 20)
                    + " MiB is full: give it more with JAVA_TOOL_OPTIONS=-Xmx4g", e, FAILED);
        } catch (LinkageError e) {
            return main.report(err, "a library does not load (" + firstLine(e) + "): see `separable doctor`", e, FAILED);
        }
    }

    private int report(PrintWriter err, String message, Throwable failure, int status) {
        err.println("separable: " + message);
        if (verbose) {
            failure.printStackTrace(err);
        }
        return status;
    }

    private static String usage(ParameterException e) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        return firstLine(e) + ": see `" + command + " --help`";
    }

    private static String describe(Exception e) {
        return isExplained(e) ? firstLine(e)
                : "unexpected " + e.getClass().getSimpleName() + " (" + firstLine(e) + "): run again with --verbose and report what it prints";
    }

    /** Whether the message was written for people: what, where, what to do. */
    private static boolean isExplained(Exception e) {
        return e instanceof DataException || e instanceof TrainingException || e instanceof DeviceException
                || e instanceof IllegalArgumentException || e instanceof DrawingException;
    }

    private static int status(Exception e) {
        return e instanceof IllegalArgumentException ? USAGE : FAILED;
    }

    private static String firstLine(Throwable e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getSimpleName());
    }
}

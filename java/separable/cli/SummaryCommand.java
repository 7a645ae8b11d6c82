package separable.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import separable.train.Defaults;
import separable.train.ModelConfig;

/** {@code separable summary}: a network's layers, without a device. */
@Command(name = "summary", description = "Print a network's layers: shape, parameters, multiply-adds.")
final class SummaryCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions options = new ModelOptions();

    @Override
    public Integer call() {
        ModelConfig defaults = Defaults.of(options.modelName(), options.knownDataset(), null, false).model();
        spec.commandLine().getOut().print(options.over(defaults).network().summary());
        spec.commandLine().getOut().flush();
        return 0;
    }
}

package separable.cli;

import picocli.CommandLine.IVersionProvider;
import separable.device.BuildInfo;

/** {@code --version}: the version the kernels were built with, which is the jar's. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        return new String[] {"separable " + BuildInfo.read().version()};
    }
}

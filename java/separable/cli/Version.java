package separable.cli;

import picocli.CommandLine.IVersionProvider;

/** {@code --version}: what the jar's manifest says. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        String version = Version.class.getPackage().getImplementationVersion();
        return new String[] {"separable " + (version == null ? "(not packaged)" : version)};
    }
}

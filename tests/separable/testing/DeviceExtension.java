package separable.testing;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import separable.device.Device;
import separable.device.Stream;

/**
 * Gives tests a {@link Device} and a {@link Stream} as parameters: one of each for the whole run, whatever device is there.
 *
 * <p>What a test method or class opens on the device and leaves open is closed after it, so that tests need no
 * try-with-resources. After every test the device is waited for, so that a failing kernel fails the test that launched it.
 */
public final class DeviceExtension implements ParameterResolver, BeforeAllCallback, AfterAllCallback, BeforeEachCallback,
        AfterEachCallback {

    private static final Namespace NAMESPACE = Namespace.create(DeviceExtension.class);

    /** The device of the run, opened by the first test that asks and closed by JUnit after the last. */
    private static final class Shared implements AutoCloseable {
        final Device device = Device.open();
        final Stream stream = device.newStream();

        Shared() {
            System.out.println("device: " + device.name());
        }

        @Override
        public void close() {
            stream.close();
            device.close();
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == Device.class || type == Stream.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Shared shared = shared(context);
        return parameter.getParameter().getType() == Device.class ? shared.device : shared.stream;
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        remember(context);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        remember(context);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        closeNew(context);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        closeNew(context);
    }

    private static void remember(ExtensionContext context) {
        context.getStore(NAMESPACE).put(OpenResources.class, new OpenResources(shared(context).device));
    }

    private static void closeNew(ExtensionContext context) {
        context.getStore(NAMESPACE).get(OpenResources.class, OpenResources.class).closeNew();
    }

    private static Shared shared(ExtensionContext context) {
        return context.getRoot().getStore(NAMESPACE).getOrComputeIfAbsent(Shared.class, key -> new Shared(), Shared.class);
    }
}

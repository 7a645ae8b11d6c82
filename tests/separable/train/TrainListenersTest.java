package separable.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class TrainListenersTest {

    private static final Map<Class<?>, Object> SOME = Map.of(int.class, 7, long.class, 7L, double.class, 7.0);

    private static TrainListener recording(List<String> heard, String name) {
        return (TrainListener) Proxy.newProxyInstance(TrainListener.class.getClassLoader(), new Class<?>[] {TrainListener.class},
                (proxy, method, arguments) -> {
                    heard.add(name + " " + method.getName() + " " + Arrays.toString(arguments));
                    return null;
                });
    }

    /** What a new kind of call would lose. */
    @TestFactory
    Stream<DynamicTest> everyCallReachesEveryListenerInOrder() {
        return Stream.of(TrainListener.class.getMethods()).filter(Method::isDefault).map(method -> DynamicTest.dynamicTest(method.getName(), () -> call(method)));
    }

    private static void call(Method method) throws IllegalAccessException, InvocationTargetException {
        List<String> heard = new ArrayList<>();
        Object[] arguments = Stream.of(method.getParameterTypes()).map(SOME::get).toArray();
        method.invoke(TrainListener.all(List.of(recording(heard, "first"), recording(heard, "second"))), arguments);
        String call = " " + method.getName() + " " + Arrays.toString(arguments);
        assertThat(heard).containsExactly("first" + call, "second" + call);
    }
}

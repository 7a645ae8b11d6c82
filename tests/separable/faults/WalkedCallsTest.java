package separable.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The lists of {@link FaultWalk} hold every public class of their room that owns something of the driver's, with each public
 * constructor's kind and each public method, as often as it is overloaded.
 */
class WalkedCallsTest {

    /** Methods that make no driver call, wherever they stand; any other is to be walked. */
    private static final Set<String> HOST_ONLY = Set.of("workspaceBytes", "targetBytes", "tickets", "filterElements", "pointer", "toString", "equals", "hashCode",
            "supports", "variants", "filterVariant", "parts", "describe", "decision", "candidate", "stream", "sets", "contender");

    /** The same in one class alone. */
    private static final Set<String> HOST_ONLY_THERE = Set.of("CudnnConv.refusal");

    /** Takes what only its own package can make; walked as a part of a measurement. */
    private static final Set<String> OUT_OF_REACH = Set.of("Trial.fault");

    @ParameterizedTest
    @ValueSource(strings = {"kernel", "cudnn", "tune"})
    void noPublicCallIsLeftOut(String room) throws ClassNotFoundException {
        List<String> walked = Operations.of(room).stream().map(Operation::name).toList();
        List<String> missing = new ArrayList<>();
        for (Class<?> owner : owners(room)) {
            for (Map.Entry<String, Integer> call : calls(owner).entrySet()) {
                long there = walked.stream().filter(name -> name.equals(call.getKey()) || name.startsWith(call.getKey() + " ")).count();
                if (there < call.getValue()) {
                    missing.add(call.getKey() + ": " + there + " of " + call.getValue());
                }
            }
        }
        assertThat(missing).as("public calls of the room %s that no fault is put into", room).isEmpty();
    }

    private static List<Class<?>> owners(String room) throws ClassNotFoundException {
        List<Class<?>> owners = new ArrayList<>();
        for (JavaClass type : new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("separable." + room)) {
            boolean concrete = !type.isInterface() && !type.getModifiers().contains(JavaModifier.ABSTRACT);
            if (concrete && type.getModifiers().contains(JavaModifier.PUBLIC) && type.isAssignableTo(AutoCloseable.class)) {
                owners.add(Class.forName(type.getName()));
            }
        }
        assertThat(owners).as("public owners in room %s", room).isNotEmpty();
        return owners;
    }

    /** Names as operations begin, and how often each is declared. */
    private static Map<String, Integer> calls(Class<?> owner) {
        Map<String, Integer> calls = new TreeMap<>();
        String name = owner.getSimpleName();
        for (Method method : owner.getMethods()) {
            String call = name + "." + method.getName();
            if (method.getDeclaringClass() != Object.class && !method.isBridge() && !HOST_ONLY.contains(method.getName())
                    && !HOST_ONLY_THERE.contains(call) && !OUT_OF_REACH.contains(call)) {
                calls.merge(call, 1, Integer::sum);
            }
        }
        if (owner.getConstructors().length > 0 && !owner.isRecord()) {
            calls.put("new " + name, 1);
            if (Arrays.stream(owner.getConstructors()).anyMatch(made -> !List.of(made.getParameterTypes()).contains(separable.device.Device.class))
                    && !name.startsWith("Cudnn")) {
                calls.put("new " + name + " on the current context", 1);
            }
        }
        return calls;
    }
}

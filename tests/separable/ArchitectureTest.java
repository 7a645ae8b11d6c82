package separable;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Rooms import downwards only, and one of them alone speaks to the driver. */
class ArchitectureTest {

    /** What each room may import, the lowest first; the last ones see everything above them. */
    private static final Map<String, List<String>> ROOMS = rooms();

    private static JavaClasses classes;

    private static Map<String, List<String>> rooms() {
        Map<String, List<String>> rooms = new LinkedHashMap<>();
        rooms.put("spec", List.of());
        rooms.put("device", List.of("spec"));
        rooms.put("kernel", List.of("spec", "device"));
        rooms.put("cudnn", List.of("spec", "device"));
        rooms.put("tune", List.of("spec", "device", "kernel", "cudnn"));
        rooms.put("graph", List.of("spec", "device", "tune", "kernel", "cudnn"));
        rooms.put("layer", List.of("spec", "graph"));
        rooms.put("model", List.of("spec", "layer"));
        // Updates are launches: they take the Device that the kernels they make are for.
        rooms.put("optim", List.of("spec", "device", "graph", "kernel"));
        rooms.put("picture", List.of());
        rooms.put("data", List.of("spec", "device", "kernel", "picture"));
        rooms.put("exchange", List.of("spec", "graph", "layer", "model"));
        rooms.put("tensorboard", List.of());
        for (String top : List.of("train", "predict", "bench", "cli")) {
            rooms.put(top, List.copyOf(rooms.keySet()));
        }
        return rooms;
    }

    @BeforeAll
    static void importClasses() {
        classes = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("separable");
    }

    @TestFactory
    Stream<DynamicTest> roomsImportDownwardsOnly() {
        return ROOMS.entrySet().stream().filter(room -> exists(room.getKey())).map(room -> DynamicTest.dynamicTest(room.getKey(),
                () -> noClasses().that().resideInAPackage(name(room.getKey()))
                        .should().dependOnClassesThat(resideInAPackage("separable..").and(outside(room.getKey(), room.getValue())))
                        .because(room.getKey() + " may import " + room.getValue())
                        .check(classes)));
    }

    @Test
    void everyClassIsInARoom() {
        classes().should().resideInAnyPackage(ROOMS.keySet().stream().map(ArchitectureTest::name).toArray(String[]::new))
                .check(classes);
    }

    @Test
    void onlyTheDeviceRoomSpeaksToTheDriver() {
        Set<String> named = Set.of("jcuda.driver.CUdeviceptr", "jcuda.driver.CUstream");
        noClasses().that().resideOutsideOfPackage(name("device"))
                .should().dependOnClassesThat(resideInAPackage("jcuda.driver..").and(DescribedPredicate.describe(
                        "are not pointer or stream types", type -> !named.contains(type.getBaseComponentType().getName()))))
                .check(classes);
    }

    /** A GPU server may have no AWT: what trains must not need it. */
    @Test
    void onlyMeasurementsDraw() {
        noClasses().that().resideOutsideOfPackages(name("bench"), name("cli"))
                .should().dependOnClassesThat(resideInAPackage("org.knowm.xchart.."))
                .check(classes);
    }

    @Test
    void roomsHaveNoCycles() {
        slices().matching("separable.(*)..").should().beFreeOfCycles().check(classes);
    }

    private static boolean exists(String room) {
        return classes.stream().anyMatch(type -> type.getPackageName().equals(name(room)));
    }

    private static DescribedPredicate<JavaClass> outside(String room, List<String> allowed) {
        String[] packages = Stream.concat(Stream.of(room), allowed.stream()).map(ArchitectureTest::name).toArray(String[]::new);
        return DescribedPredicate.describe("are outside " + Arrays.toString(packages),
                type -> !Arrays.asList(packages).contains(type.getPackageName()));
    }

    private static String name(String room) {
        return "separable." + room;
    }
}

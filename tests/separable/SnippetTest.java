package separable;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every piece of Java in README and in javadoc is a region of a test that runs it: before it stands a comment
 * {@code <!-- snippet FILE NAME -->}, and FILE has the same text between {@code // begin NAME} and {@code // end NAME}.
 */
class SnippetTest {

    private static final Pattern NAMED = Pattern.compile("<!-- snippet (\\S+) (\\S+) -->\\s*\\z");
    private static final Pattern IN_README = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern IN_JAVADOC = Pattern.compile("<pre>\\s*\\{@code\n(.*?)\n \\* *\\}\\s*</pre>", Pattern.DOTALL);

    /** @param before what stands before it, back to the snippet before */
    private record Snippet(Path place, String before, String text) {
    }

    private static List<Snippet> snippets() throws IOException {
        List<Snippet> all = new ArrayList<>(in(Path.of("README.md"), IN_README, ""));
        try (Stream<Path> sources = Files.walk(Path.of("java"))) {
            for (Path source : sources.filter(file -> file.toString().endsWith(".java")).sorted().toList()) {
                all.addAll(in(source, IN_JAVADOC, " *\\* ?"));
            }
        }
        return all;
    }

    private static List<Snippet> in(Path place, Pattern pattern, String margin) throws IOException {
        String text = Files.readString(place);
        List<Snippet> found = new ArrayList<>();
        Matcher matcher = pattern.matcher(text);
        int from = 0;
        while (matcher.find()) {
            String before = text.substring(from, matcher.start());
            found.add(new Snippet(place, unmargined(before, margin), unmargined(matcher.group(1), margin)));
            from = matcher.end();
        }
        return found;
    }

    private static String unmargined(String text, String margin) {
        return text.replaceAll("(?m)^" + margin, "").strip();
    }

    @TestFactory
    Stream<DynamicTest> everySnippetIsARegionOfATest() throws IOException {
        return snippets().stream().map(snippet -> DynamicTest.dynamicTest(
                snippet.place() + ": " + snippet.text().lines().findFirst().orElse(""), () -> check(snippet)));
    }

    private static void check(Snippet snippet) throws IOException {
        Matcher name = NAMED.matcher(snippet.before());
        assertThat(name.find()).as("a comment <!-- snippet FILE NAME --> right before the snippet in %s", snippet.place()).isTrue();
        String source = Files.readString(Path.of(name.group(1)));
        Matcher region = Pattern.compile("(?ms)^( *)// begin " + name.group(2) + "\n(.*?)^ *// end " + name.group(2) + "\n").matcher(source);
        assertThat(region.find()).as("region %s of %s", name.group(2), name.group(1)).isTrue();
        assertThat(snippet.text()).isEqualTo(region.group(2).replaceAll("(?m)^" + region.group(1), "").strip());
    }

    @Test
    void noPieceOfJavaEscapes() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        assertThat(snippets()).hasSizeGreaterThanOrEqualTo(4);
        assertThat(readme.split("```java", -1)).hasSize(1 + (int) snippets().stream().filter(snippet -> snippet.place().endsWith("README.md")).count());
        assertThat(count("{@code\n", Path.of("java"))).as("blocks of code in javadoc")
                .isEqualTo(snippets().stream().filter(snippet -> !snippet.place().endsWith("README.md")).count());
    }

    private static long count(String wanted, Path folder) throws IOException {
        long count = 0;
        try (Stream<Path> sources = Files.walk(folder)) {
            for (Path source : sources.filter(file -> file.toString().endsWith(".java")).toList()) {
                count += Files.readString(source).split(Pattern.quote(wanted), -1).length - 1;
            }
        }
        return count;
    }
}

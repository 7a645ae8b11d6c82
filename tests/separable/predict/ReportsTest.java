package separable.predict;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import separable.predict.ModelReport.Answer;
import separable.train.Evaluation;

/** Reports as files and as a table. */
class ReportsTest {

    private static ModelReport report(List<String> classes, int[]... pairs) {
        List<Answer> answers = Stream.of(pairs).map(pair -> new Answer(pair[0], pair[1], 0.75)).toList();
        Confusion confusion = Confusion.of(classes, answers);
        return new ModelReport(Path.of("runs/pets"), "pets test", new Evaluation(2, confusion.right(), pairs.length, pairs.length), confusion, answers);
    }

    /** Three cats, of which one is taken for a dog and one for no class; a dog; no bird. */
    private static final ModelReport PETS = report(List.of("cat, tame", "dog", "bird"), new int[] {0, 0}, new int[] {0, 1}, new int[] {0, 7}, new int[] {1, 1});

    @Test
    void tablesForProgramsAreCsv() {
        assertThat(ReportFiles.classes(PETS.confusion())).isEqualTo("""
                class,precision,recall,support,predictions
                "cat, tame",1.00000,0.333333,3,1
                dog,0.500000,1.00000,1,2
                bird,,,0,0
                """);
        assertThat(ReportFiles.confusion(PETS.confusion())).isEqualTo("""
                label,"cat, tame",dog,bird,(no class)
                "cat, tame",1,1,0,1
                dog,0,1,0,0
                bird,0,0,0,0
                """);
        assertThat(ReportFiles.answers(PETS)).isEqualTo("""
                picture,label,predicted,probability
                0,"cat, tame","cat, tame",0.750000
                1,"cat, tame",dog,0.750000
                2,"cat, tame",(no class),0.750000
                3,dog,dog,0.750000
                """);
    }

    @Test
    void theColumnOfNoClassIsThereOnlyWhenNeeded() {
        assertThat(ReportFiles.confusion(report(List.of("a", "b"), new int[] {0, 1}).confusion())).isEqualTo("label,a,b\na,0,1\nb,0,0\n");
    }

    @Test
    void theJsonHasEveryFigure() {
        JsonObject top = JsonParser.parseString(ReportFiles.json(PETS)).getAsJsonObject();
        assertThat(top.get("loss").getAsDouble()).isEqualTo(0.5);
        assertThat(top.get("top1").getAsInt()).isEqualTo(2);
        assertThat(top.get("top5Share").getAsDouble()).isEqualTo(1);
        assertThat(top.get("meanRecall").getAsDouble()).isEqualTo((1 / 3.0 + 1) / 2);
        assertThat(top.get("meanPrecision").getAsDouble()).isEqualTo(0.75);
        JsonObject bird = top.getAsJsonArray("classes").get(2).getAsJsonObject();
        assertThat(bird.get("name").getAsString()).isEqualTo("bird");
        assertThat(bird.get("recall").isJsonNull()).isTrue();
    }

    @Test
    void theTableSaysWhatClassesAreMistakenFor() {
        assertThat(ReportTable.of(PETS)).isEqualToNormalizingNewlines("""
                class      precision   recall  support  mostly mistaken for
                cat, tame     1.0000   0.3333        3  dog (1)
                dog           0.5000   1.0000        1
                bird               -        -        0
                mean          0.7500   0.6667        4
                """);
    }

    @Test
    void ofManyClassesItShowsTheWorst() {
        List<String> classes = IntStream.range(0, 30).mapToObj(index -> "c" + index).toList();
        int[][] pairs = IntStream.range(0, 30).mapToObj(index -> new int[] {index, index == 17 ? 3 : index}).toArray(int[][]::new);
        List<String> lines = ReportTable.of(report(classes, pairs)).lines().toList();
        assertThat(lines).hasSize(1 + ReportTable.MOST_ROWS + 2);
        assertThat(lines.get(1)).startsWith("c17 ").endsWith("c3 (1)");
        assertThat(lines).last().asString().contains("20 of 30 classes with the lowest recall", "classes.csv");
    }
}

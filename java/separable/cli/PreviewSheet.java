package separable.cli;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;
import separable.bench.Drawing;
import separable.picture.Picture;
import separable.train.AugmentedBatch.Sample;

/** Samples side by side: a column a draw, a row a picture, each with its label below, or its two and their shares. */
final class PreviewSheet {

    /** Small pictures are enlarged by a whole number to about this. */
    private static final int LEAST_SIDE = 96;
    private static final int GAP = 8;
    private static final int LINE_HEIGHT = 14;
    private static final int LABEL_HEIGHT = 2 * LINE_HEIGHT;
    private static final int TITLE_HEIGHT = 24;
    private static final Font FONT = new Font(Font.SANS_SERIF, Font.PLAIN, 11);

    /** Of a sheet, which with the samples on it takes some 8 bytes of heap each. */
    private static final long MOST_PIXELS = 1L << 26;

    private PreviewSheet() {
    }

    /**
     * @param side of a sample
     * @throws IllegalArgumentException when a sheet of so many would be too large
     */
    static void requireDrawable(long rows, long columns, int side) {
        long width = width(columns, cell(side));
        long height = height(rows, cell(side));
        if (width > MOST_PIXELS / height) {
            throw new IllegalArgumentException(rows + " pictures and " + columns + " columns at " + side + "x" + side + ": a sheet of " + width + "x" + height
                    + " pixels, " + MOST_PIXELS + " is the most: lower --pictures or --draws");
        }
    }

    private static int cell(int side) {
        return side * Math.max(1, LEAST_SIDE / side);
    }

    private static long width(long columns, int cell) {
        return GAP + columns * (cell + GAP);
    }

    private static long height(long rows, int cell) {
        return TITLE_HEIGHT + rows * (cell + LABEL_HEIGHT + GAP);
    }

    /**
     * The sheet as a PNG file's bytes. Here and not in the command, whose methods are looked at where there is no AWT.
     *
     * @param columns of equally many samples of one size; the first one not drawn
     * @throws separable.bench.DrawingException when this Java cannot draw
     */
    static byte[] png(List<List<Sample>> columns, List<String> classes) {
        return Drawing.png(() -> draw(columns, classes));
    }

    private static BufferedImage draw(List<List<Sample>> columns, List<String> classes) {
        int rows = columns.get(0).size();
        int cell = cell(columns.get(0).get(0).picture().width());
        BufferedImage sheet = new BufferedImage((int) width(columns.size(), cell), (int) height(rows, cell), BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = sheet.createGraphics();
        try {
            graphics.setColor(Color.WHITE);
            graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
            graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            graphics.setFont(FONT);
            graphics.setColor(Color.BLACK);
            for (int column = 0; column < columns.size(); column++) {
                int x = GAP + column * (cell + GAP);
                graphics.drawString(column == 0 ? "evaluation" : "step " + column, x, TITLE_HEIGHT - GAP);
                for (int row = 0; row < rows; row++) {
                    Sample sample = columns.get(column).get(row);
                    int y = TITLE_HEIGHT + row * (cell + LABEL_HEIGHT + GAP);
                    graphics.drawImage(image(sample.picture()), x, y, cell, cell, null);
                    int baseline = y + cell;
                    for (String line : labels(sample, classes)) {
                        baseline += LINE_HEIGHT;
                        graphics.drawString(fitting(line, graphics.getFontMetrics(), cell), x, baseline - 2);
                    }
                }
            }
        } finally {
            graphics.dispose();
        }
        return sheet;
    }

    private static BufferedImage image(Picture picture) {
        Picture colour = picture.withChannels(3);
        BufferedImage image = new BufferedImage(colour.width(), colour.height(), BufferedImage.TYPE_INT_RGB);
        byte[] pixels = colour.pixels();
        for (int at = 0; at < colour.width() * colour.height(); at++) {
            int rgb = (pixels[3 * at] & 0xff) << 16 | (pixels[3 * at + 1] & 0xff) << 8 | pixels[3 * at + 2] & 0xff;
            image.setRGB(at % colour.width(), at / colour.width(), rgb);
        }
        return image;
    }

    /** {@code cat}, or {@code 70% cat} and {@code 30% dog}, the heavier first. */
    static List<String> labels(Sample sample, List<String> classes) {
        int heavier = sample.share() >= 0.5 ? sample.label() : sample.other();
        int lighter = sample.share() >= 0.5 ? sample.other() : sample.label();
        long percent = Math.round(100 * Math.max(sample.share(), 1.0 - sample.share()));
        if (heavier == lighter || percent == 100) {
            return List.of(classes.get(heavier));
        }
        return List.of(percent + "% " + classes.get(heavier), 100 - percent + "% " + classes.get(lighter));
    }

    private static String fitting(String text, FontMetrics metrics, int width) {
        String cut = text;
        while (cut.length() > 1 && metrics.stringWidth(cut) > width) {
            cut = cut.substring(0, cut.length() - 2) + "\u2026";
        }
        return cut;
    }
}

package separable.cli;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;
import separable.bench.Drawing;
import separable.predict.Confusion;
import separable.predict.ModelReport;

/**
 * A confusion matrix as a heat map: a row for the pictures of each class, a column for what they were taken for. The darker a cell,
 * the larger its share of the row's pictures. Names and numbers are there as long as they can be read.
 */
final class ConfusionPicture {

    static final String FILE = "confusion.png";

    /** A cell of more classes would be less than a pixel. */
    static final int MOST_CLASSES = 2000;

    private static final int SIDE = 1200;
    private static final int LARGEST_CELL = 56;
    private static final int LEAST_CELL_WITH_NAME = 12;
    private static final int LEAST_CELL_WITH_NUMBER = 30;
    private static final int LONGEST_NAME = 24;
    private static final int MARGIN = 20;
    private static final int TITLE_HEIGHT = 60;

    /** Full: Okabe and Ito's blue. */
    static final Color FULL = new Color(0, 114, 178);

    private final ModelReport report;
    private final Confusion confusion;
    private final int classes;
    private final int cell;
    private final Font font;
    private final List<String> names;

    private ConfusionPicture(ModelReport report) {
        this.report = report;
        this.confusion = report.confusion();
        this.classes = confusion.classes().size();
        this.cell = Math.max(1, Math.min(LARGEST_CELL, SIDE / classes));
        this.font = new Font(Font.SANS_SERIF, Font.PLAIN, Math.max(10, Math.min(16, cell - 2)));
        this.names = cell < LEAST_CELL_WITH_NAME ? List.of() : confusion.classes().stream().map(ConfusionPicture::shortened).toList();
    }

    /**
     * A PNG file's bytes, drawn without a display.
     *
     * @throws IllegalArgumentException for more than {@link #MOST_CLASSES}
     * @throws separable.bench.DrawingException when this Java cannot draw: it has no AWT, or the system has no fonts
     */
    static byte[] png(ModelReport report) {
        int classes = report.confusion().classes().size();
        if (classes > MOST_CLASSES) {
            throw new IllegalArgumentException("a confusion matrix of " + classes + " classes: at most " + MOST_CLASSES + " can be drawn");
        }
        return Drawing.png(() -> new ConfusionPicture(report).draw());
    }

    /** Where the matrix begins: right of the longest name, and likewise below. */
    private int left() {
        BufferedImage probe = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = probe.createGraphics();
        try {
            FontMetrics metrics = graphics.getFontMetrics(font);
            return 2 * MARGIN + names.stream().mapToInt(metrics::stringWidth).max().orElse(0);
        } finally {
            graphics.dispose();
        }
    }

    private BufferedImage draw() {
        int left = left();
        int top = TITLE_HEIGHT + MARGIN;
        int side = classes * cell;
        BufferedImage picture = new BufferedImage(Math.max(left + side + MARGIN, 2 * SIDE / 3), top + side + left, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        try {
            graphics.setColor(Color.WHITE);
            graphics.fillRect(0, 0, picture.getWidth(), picture.getHeight());
            graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            title(graphics);
            graphics.setFont(font);
            for (int label = 0; label < classes; label++) {
                for (int predicted = 0; predicted < classes; predicted++) {
                    cell(graphics, left + predicted * cell, top + label * cell, label, predicted);
                }
            }
            names(graphics, left, top);
            graphics.setColor(Color.GRAY);
            graphics.drawRect(left - 1, top - 1, side + 1, side + 1);
        } finally {
            graphics.dispose();
        }
        return picture;
    }

    private void title(Graphics2D graphics) {
        graphics.setColor(Color.BLACK);
        graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 20));
        graphics.drawString(report.run() + " on " + report.dataset(), MARGIN, 30);
        graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 16));
        graphics.drawString(String.format(Locale.ROOT, "%.4f of %d pictures right. Rows: what they are; columns: what they are taken for",
                report.figures().accuracy(), report.figures().count()), MARGIN, 56);
    }

    private void cell(Graphics2D graphics, int x, int y, int label, int predicted) {
        int count = confusion.count(label, predicted);
        if (count == 0) {
            return;
        }
        double share = (double) count / confusion.support(label);
        graphics.setColor(shade(share));
        graphics.fillRect(x, y, cell, cell);
        String number = String.valueOf(count);
        FontMetrics metrics = graphics.getFontMetrics();
        if (cell >= LEAST_CELL_WITH_NUMBER && metrics.stringWidth(number) <= cell) {
            graphics.setColor(share > 0.5 ? Color.WHITE : Color.BLACK);
            graphics.drawString(number, x + (cell - metrics.stringWidth(number)) / 2, baseline(metrics, y));
        }
    }

    /** From white to {@link #FULL}; by the square root, so that a few percent can be seen. */
    static Color shade(double share) {
        double depth = Math.sqrt(share);
        return new Color(mix(FULL.getRed(), depth), mix(FULL.getGreen(), depth), mix(FULL.getBlue(), depth));
    }

    private static int mix(int full, double depth) {
        return (int) Math.round(255 + (full - 255) * depth);
    }

    /** Left of the rows, and turned below the columns. */
    private void names(Graphics2D graphics, int left, int top) {
        graphics.setColor(Color.BLACK);
        FontMetrics metrics = graphics.getFontMetrics();
        for (int index = 0; index < names.size(); index++) {
            String name = names.get(index);
            graphics.drawString(name, left - MARGIN / 2 - metrics.stringWidth(name), baseline(metrics, top + index * cell));
            AffineTransform upright = graphics.getTransform();
            graphics.rotate(-Math.PI / 2);
            graphics.drawString(name, -(top + classes * cell + MARGIN / 2 + metrics.stringWidth(name)), baseline(metrics, left + index * cell));
            graphics.setTransform(upright);
        }
    }

    private int baseline(FontMetrics metrics, int from) {
        return from + (cell + metrics.getAscent() - metrics.getDescent()) / 2;
    }

    private static String shortened(String name) {
        return name.length() <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME - 1) + "\u2026";
    }
}

package separable.kernel;

import java.util.Arrays;

/** Colour jitter in double precision on whole pictures, values 0 to 255: torchvision's steps, hue by its table of six cases. */
final class ColourTwin {

    private ColourTwin() {
    }

    /** Brightness alone. @param pixels {@code [pixel][channel]}, changed */
    static void brighten(double[][] pixels, double factor) {
        for (double[] pixel : pixels) {
            for (int k = 0; k < pixel.length; k++) {
                pixel[k] = range(pixel[k] * factor);
            }
        }
    }

    /** What contrast is about. */
    static double meanGrey(double[][] pixels) {
        return Arrays.stream(pixels).mapToDouble(ColourTwin::grey).average().orElseThrow();
    }

    /** What follows brightness. */
    static void contrastSaturationHue(double[][] pixels, double contrast, double saturation, double hue) {
        double mean = meanGrey(pixels);
        for (double[] pixel : pixels) {
            blend(pixel, mean, contrast);
            if (saturation != 1) {
                blend(pixel, grey(pixel), saturation);
            }
            if (hue != 0) {
                turn(pixel, hue);
            }
        }
    }

    private static void blend(double[] pixel, double grey, double factor) {
        for (int k = 0; k < pixel.length; k++) {
            pixel[k] = range(pixel[k] * factor + grey * (1 - factor));
        }
    }

    private static double grey(double[] pixel) {
        return pixel.length == 3 ? 0.2989 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2] : Arrays.stream(pixel).average().orElseThrow();
    }

    private static double range(double value) {
        return Math.max(0, Math.min(255, value));
    }

    private static void turn(double[] rgb, double shift) {
        double value = Math.max(rgb[0], Math.max(rgb[1], rgb[2]));
        double chroma = value - Math.min(rgb[0], Math.min(rgb[1], rgb[2]));
        double saturation = chroma == 0 ? 0 : chroma / value;
        double sixths = chroma == 0 ? 0
                : value == rgb[0] ? (rgb[1] - rgb[2]) / chroma
                : value == rgb[1] ? 2 + (rgb[2] - rgb[0]) / chroma
                : 4 + (rgb[0] - rgb[1]) / chroma;
        double turned = sixths / 6 + shift;
        double angle = 6 * (turned - Math.floor(turned));
        int sector = (int) Math.floor(angle) % 6;
        double part = angle - Math.floor(angle);
        double p = value * (1 - saturation);
        double q = value * (1 - saturation * part);
        double t = value * (1 - saturation * (1 - part));
        double[][] table = {{value, t, p}, {q, value, p}, {p, value, t}, {p, q, value}, {t, p, value}, {value, p, q}};
        System.arraycopy(table[sector], 0, rgb, 0, 3);
    }
}

package separable.picture;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What lies around the compressed data of a JPEG file (ITU-T T.81, annex B).
 *
 * @param components  1 grey, 3 colour, 4 CMYK
 * @param hasLuma     whether the first three components are luma and two colour differences
 * @param orientation EXIF's, 1 to 8
 * @param stripped    the file's first picture without what cameras and editors add: no thumbnails, profiles, comments
 */
record JpegHeader(String name, int width, int height, int components, boolean hasLuma, int orientation, byte[] stripped) {

    /** Progressive files have about ten scans; every one costs a pass over all pixels. */
    private static final int MOST_SCANS = 100;

    static boolean isJpeg(byte[] bytes) {
        return bytes.length >= 3 && (bytes[0] & 0xff) == 0xff && (bytes[1] & 0xff) == 0xd8 && (bytes[2] & 0xff) == 0xff;
    }

    static JpegHeader parse(String name, byte[] bytes) {
        return new Walk(name, bytes).walk();
    }

    /** Goes from marker to marker. */
    private static final class Walk {

        private final String name;
        private final byte[] bytes;
        private final ByteArrayOutputStream kept;
        private int at = 2;
        private ByteBuffer frame;
        private boolean isJfif;
        private int adobeTransform = -1;
        private int orientation = 1;
        private int scans;

        Walk(String name, byte[] bytes) {
            this.name = name;
            this.bytes = bytes;
            this.kept = new ByteArrayOutputStream(bytes.length);
        }

        JpegHeader walk() {
            kept.write(bytes, 0, 2);
            for (int marker = nextMarker(); marker != 0xd9; marker = nextMarker()) {
                if (marker < 0xd0 || marker > 0xd7) {
                    readSegment(marker);
                }
            }
            kept.write(0xff);
            kept.write(0xd9);
            if (frame == null || scans == 0) {
                throw new PictureException(name, "is a JPEG file without a picture");
            }
            return header();
        }

        /** Bytes between segments are stepped over, as libjpeg does. */
        private int nextMarker() {
            while (at + 1 < bytes.length) {
                int marker = bytes[at + 1] & 0xff;
                if ((bytes[at] & 0xff) == 0xff && marker != 0 && marker != 0xff && marker != 0x01) {
                    at += 2;
                    return marker;
                }
                at++;
            }
            throw truncated();
        }

        private void readSegment(int marker) {
            if (at + 2 > bytes.length) {
                throw truncated();
            }
            int length = (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
            if (length < 2) {
                throw new PictureException(name, "is a damaged JPEG picture: a part of " + length + " bytes");
            }
            if (length > bytes.length - at) {
                throw truncated();
            }
            ByteBuffer body = ByteBuffer.wrap(bytes, at + 2, length - 2).slice();
            at += length;
            boolean isExtra = marker >= 0xe0 && marker <= 0xef || marker == 0xfe;
            if (isExtra) {
                readExtra(marker, body);
                return;
            }
            if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
                readFrame(marker, body);
            }
            int end = marker == 0xda ? endOfScan() : at;
            kept.write(0xff);
            kept.write(marker);
            kept.write(bytes, at - length, end - at + length);
            at = end;
        }

        private void readExtra(int marker, ByteBuffer body) {
            if (marker == 0xe0 && startsWith(body, "JFIF\0")) {
                isJfif = true;
            } else if (marker == 0xe1 && startsWith(body, "Exif\0\0")) {
                orientation = Exif.orientation(body.position(6));
            } else if (marker == 0xee && startsWith(body, "Adobe") && body.remaining() >= 12) {
                adobeTransform = body.get(11) & 0xff;
            }
        }

        private void readFrame(int marker, ByteBuffer body) {
            if (marker > 0xc2) {
                throw new PictureException(name, "is a JPEG picture of a rare kind (SOF" + (marker - 0xc0) + ") that is not read");
            }
            if (frame != null || body.remaining() < 6 || body.remaining() != 6 + 3 * (body.get(5) & 0xff)) {
                throw new PictureException(name, "is a damaged JPEG picture: its header makes no sense");
            }
            if (body.get(0) != 8) {
                throw new PictureException(name, "is a JPEG picture of " + body.get(0) + " bits, where 8 are read");
            }
            frame = body;
        }

        private int endOfScan() {
            if (++scans > MOST_SCANS) {
                throw new PictureException(name, "is a JPEG picture with more than " + MOST_SCANS + " scans");
            }
            int end = at;
            while (end + 1 < bytes.length) {
                int next = bytes[end + 1] & 0xff;
                if ((bytes[end] & 0xff) == 0xff && next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7)) {
                    return end;
                }
                end++;
            }
            throw truncated();
        }

        private JpegHeader header() {
            int height = Short.toUnsignedInt(frame.getShort(1));
            int width = Short.toUnsignedInt(frame.getShort(3));
            int components = frame.get(5);
            PictureFile.checkSize(name, height, width);
            if (components != 1 && components != 3 && components != 4) {
                throw new PictureException(name, "is a JPEG picture of " + components + " components, where 1, 3 or 4 are read");
            }
            // A block of 8x8 pixels takes a bit at least: what claims more is refused before anything is allocated for it.
            if ((long) height * width > 512L * bytes.length) {
                throw new PictureException(name, "is truncated: " + bytes.length + " bytes cannot hold " + width + "x" + height + " pixels");
            }
            return new JpegHeader(name, width, height, components, hasLuma(components), orientation, kept.toByteArray());
        }

        /** As libjpeg guesses (jdapimin.c): JFIF is always luma; Adobe says; else component names of R, G, B mean what they say. */
        private boolean hasLuma(int components) {
            if (components == 4) {
                return adobeTransform == 2;
            }
            if (components == 1 || isJfif) {
                return components == 3;
            }
            boolean namedColours = frame.get(6) == 'R' && frame.get(9) == 'G' && frame.get(12) == 'B';
            return adobeTransform >= 0 ? adobeTransform != 0 : !namedColours;
        }

        private PictureException truncated() {
            return new PictureException(name, "is a truncated JPEG picture");
        }

        private static boolean startsWith(ByteBuffer body, String text) {
            byte[] wanted = text.getBytes(StandardCharsets.US_ASCII);
            return body.remaining() >= wanted.length && body.slice(0, wanted.length).equals(ByteBuffer.wrap(wanted));
        }
    }
}

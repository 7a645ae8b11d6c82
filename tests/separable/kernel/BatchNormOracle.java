package separable.kernel;

import separable.spec.Activation;
import separable.spec.Shape;
import separable.testing.HostTensor;

/** Batch normalisation, its activation and its gradients as plain loops in double precision. Per-channel arrays are [c]. */
final class BatchNormOracle {

    final double[] mean;
    final double[] variance;
    private final HostTensor x;
    private final int channels;
    private final int n;
    private final double epsilon;

    BatchNormOracle(HostTensor x, double epsilon) {
        this.x = x;
        this.epsilon = epsilon;
        channels = x.shape().c();
        n = x.shape().rows();
        mean = new double[channels];
        variance = new double[channels];
        for (int i = 0; i < x.values().length; i++) {
            mean[i % channels] += x.values()[i] / n;
        }
        for (int i = 0; i < x.values().length; i++) {
            double d = x.values()[i] - mean[i % channels];
            variance[i % channels] += d * d / n;
        }
    }

    static double activate(double v, Activation activation) {
        return switch (activation) {
            case NONE -> v;
            case RELU -> Math.max(v, 0);
            case RELU6 -> Math.min(Math.max(v, 0), 6);
        };
    }

    private double inverse(int c) {
        return 1 / Math.sqrt(variance[c] + epsilon);
    }

    /** Before the activation. */
    HostTensor normalised(double[] gamma, double[] beta) {
        HostTensor z = HostTensor.zeros(x.shape());
        for (int i = 0; i < z.values().length; i++) {
            int c = i % channels;
            z.values()[i] = (x.values()[i] - mean[c]) * inverse(c) * gamma[c] + beta[c];
        }
        return z;
    }

    HostTensor forward(double[] gamma, double[] beta, Activation activation) {
        return normalised(gamma, beta).map(v -> activate(v, activation));
    }

    double[] dbeta(HostTensor g) {
        double[] sum = new double[channels];
        for (int i = 0; i < g.values().length; i++) {
            sum[i % channels] += g.values()[i];
        }
        return sum;
    }

    double[] dgamma(HostTensor g) {
        double[] sum = new double[channels];
        for (int i = 0; i < g.values().length; i++) {
            int c = i % channels;
            sum[c] += g.values()[i] * (x.values()[i] - mean[c]) * inverse(c);
        }
        return sum;
    }

    HostTensor dx(HostTensor g, double[] gamma) {
        double[] dgamma = dgamma(g);
        double[] dbeta = dbeta(g);
        HostTensor dx = HostTensor.zeros(x.shape());
        for (int i = 0; i < dx.values().length; i++) {
            int c = i % channels;
            double xhat = (x.values()[i] - mean[c]) * inverse(c);
            dx.values()[i] = gamma[c] * inverse(c) * (g.values()[i] - dbeta[c] / n - xhat * dgamma[c] / n);
        }
        return dx;
    }

    /** {@code dy} where {@code y} lies strictly inside the activation's bounds. */
    static HostTensor masked(HostTensor dy, HostTensor y, Activation activation) {
        HostTensor g = HostTensor.zeros(dy.shape());
        for (int i = 0; i < g.values().length; i++) {
            double v = y.values()[i];
            boolean inside = activation == Activation.NONE || v > 0 && (activation == Activation.RELU || v < 6);
            g.values()[i] = inside ? dy.values()[i] : 0;
        }
        return g;
    }

    static Shape channelShape(Shape shape) {
        return Shape.matrix(1, shape.c());
    }
}

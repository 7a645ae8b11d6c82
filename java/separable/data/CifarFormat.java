package separable.data;

/**
 * The two binary versions of CIFAR, which differ in the labels before each picture.
 *
 * @param title        as people call it
 * @param labels       label bytes before the 3072 picture bytes
 * @param label        which of them is the class
 * @param archive      the archive that holds the binary version
 * @param folder       the folder that archive unpacks to
 * @param pythonFolder the folder that the Python version unpacks to
 */
record CifarFormat(String title, int labels, int label, String archive, String folder, String pythonFolder) {

    static final CifarFormat CIFAR10 = new CifarFormat("CIFAR-10", 1, 0,
            "cifar-10-binary.tar.gz", "cifar-10-batches-bin", "cifar-10-batches-py");

    /** The first byte is one of 20 superclasses, the second one of 100 classes. */
    static final CifarFormat CIFAR100_COARSE = cifar100(0);
    static final CifarFormat CIFAR100_FINE = cifar100(1);

    private static CifarFormat cifar100(int label) {
        return new CifarFormat("CIFAR-100", 2, label, "cifar-100-binary.tar.gz", "cifar-100-binary", "cifar-100-python");
    }

    String howToGet() {
        return "get " + title + "'s binary version (" + archive + ")";
    }
}

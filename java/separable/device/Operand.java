package separable.device;

import java.util.List;

/**
 * One pointer a launch takes.
 *
 * @param name    of the argument in the method that a person calls; null for one of unknown size, which nobody looks at
 * @param slot    among the kernel's arguments; {@link #NO_SLOT} for one that the kernel does not have
 * @param bytes   that the kernel reads or writes from the address on; 0 when it is not used at all and may be null
 * @param align   what the address must be a multiple of, in bytes
 * @param written whether the kernel writes there
 * @param aliases names of operands whose very address this one may have
 */
record Operand(String name, int slot, long bytes, int align, boolean written, List<String> aliases) {

    static final int NO_SLOT = -1;

    Operand {
        aliases = List.copyOf(aliases);
        if (bytes < 0 || align < 1) {
            throw new IllegalArgumentException("argument " + name + " of " + bytes + " bytes aligned to " + align);
        }
    }

    /** Of an argument that the method has and the kernel has not. */
    static Operand ignored(String name) {
        return new Operand(name, NO_SLOT, 0, 1, false, List.of());
    }

    static Operand unchecked(int slot) {
        return new Operand(null, slot, 0, 1, true, List.of());
    }

    Operand withBytes(long more) {
        return new Operand(name, slot, more, align, written, aliases);
    }

    private boolean isChecked() {
        return name != null && bytes > 0;
    }

    /** @throws IllegalArgumentException unless {@code bytes} of the context's own device memory begin at {@code address} */
    void check(Object user, SharedContext context, long address) {
        if (!isChecked()) {
            return;
        }
        if (address == 0) {
            throw refusal(user, "is null: pass device memory of " + bytes + " bytes");
        }
        if (address % align != 0) {
            throw refusal(user, "at 0x" + Long.toHexString(address) + " is not aligned to " + align + " bytes");
        }
        MemoryProbe.Memory memory = context.probe().at(address);
        switch (memory.kind()) {
            case NONE -> throw refusal(user, "at 0x" + Long.toHexString(address)
                    + " is no device memory: it was freed, or is a host pointer; pass device memory of " + bytes + " bytes");
            case HOST -> throw refusal(user, "at 0x" + Long.toHexString(address) + " is host memory: copy it to the device first");
            case DEVICE -> {
                if (!isOwn(memory, context)) {
                    throw refusal(user, "is memory of another context: allocate it in the context this was made for");
                }
                if (memory.bytesFrom(address) < bytes) {
                    throw refusal(user, "needs " + bytes + " bytes, and its allocation has " + memory.bytesFrom(address) + " from there on");
                }
            }
        }
    }

    private static boolean isOwn(MemoryProbe.Memory memory, SharedContext context) {
        return memory.context() == 0 ? memory.device() == context.properties().ordinal() : context.is(memory.context());
    }

    /** @throws IllegalArgumentException when one of the two is written and they share memory, unless they may be one and the same */
    void requireApart(Object user, long address, Operand other, long otherAddress) {
        boolean apart = !isChecked() || !other.isChecked() || !written && !other.written
                || address + bytes <= otherAddress || otherAddress + other.bytes <= address;
        if (apart) {
            return;
        }
        boolean inPlace = aliases.contains(other.name) || other.aliases.contains(name);
        if (!inPlace) {
            throw refusal(user, "overlaps argument " + other.name + ": give each its own memory");
        }
        if (address != otherAddress) {
            throw refusal(user, "overlaps argument " + other.name + ": it must be the same address, or apart from it");
        }
    }

    private IllegalArgumentException refusal(Object user, String what) {
        return new IllegalArgumentException(user + ": argument " + name + " " + what);
    }
}

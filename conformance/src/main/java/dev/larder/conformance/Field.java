package dev.larder.conformance;

import java.util.List;

/** One field line, as it came. */
record Field(String name, String value) {
    boolean is(String other) {
        return name.equalsIgnoreCase(other);
    }

    /** The first value of a field, or {@code otherwise}. */
    static String first(List<Field> fields, String name, String otherwise) {
        for (Field field : fields) {
            if (field.is(name)) {
                return field.value();
            }
        }
        return otherwise;
    }

    /** How many lines of this name there are. */
    static int count(List<Field> fields, String name) {
        int count = 0;
        for (Field field : fields) {
            if (field.is(name)) {
                count++;
            }
        }
        return count;
    }
}

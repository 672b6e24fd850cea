package dev.larder.internal.memory;

import dev.larder.http.HttpFields;
import dev.larder.rules.SelectingField;
import dev.larder.rules.StoredResponse;
import java.util.List;

/** Estimates what a head takes in memory. */
public final class HeadSize {
    /** The objects that every entry consists of. */
    public static final int FIXED = 512;

    /** The objects of one field line beside its characters: two strings with their arrays, two references. */
    private static final int LINE = 96;

    private HeadSize() {}

    /** A byte for each character of the key, the URI, the fields and the tags, and a flat amount for each object. */
    public static long of(StoredResponse head) {
        long size = (long) FIXED + head.key().length() + head.uri().toString().length();
        HttpFields fields = head.fields();
        for (int i = 0; i < fields.size(); i++) {
            size += LINE + fields.name(i).length() + fields.value(i).length();
        }
        List<SelectingField> selecting = head.selecting();
        for (int i = 0; i < selecting.size(); i++) {
            String value = selecting.get(i).value();
            size += LINE + selecting.get(i).name().length() + (value == null ? 0 : value.length());
        }
        for (String tag : head.tags()) {
            size += LINE + tag.length();
        }
        return size;
    }
}

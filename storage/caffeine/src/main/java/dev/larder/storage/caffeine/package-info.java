/** Entries in memory under a frequency-aware policy. */
@NullMarked
package dev.larder.storage.caffeine;

import org.jspecify.annotations.NullMarked;

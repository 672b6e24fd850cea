/** One storage in front of another. */
@NullMarked
package dev.larder.storage.tiered;

import org.jspecify.annotations.NullMarked;

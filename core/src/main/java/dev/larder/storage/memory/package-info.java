/** Storage in the heap. */
@NullMarked
package dev.larder.storage.memory;

import org.jspecify.annotations.NullMarked;

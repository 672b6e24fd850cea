/** What storages in the heap share: bodies and the sizes of heads. Exported to Larder's own modules only. */
@NullMarked
package dev.larder.internal.memory;

import org.jspecify.annotations.NullMarked;

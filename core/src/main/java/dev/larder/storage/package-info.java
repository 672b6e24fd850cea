/** The contract between the cache and the place where it keeps responses. */
@NullMarked
package dev.larder.storage;

import org.jspecify.annotations.NullMarked;

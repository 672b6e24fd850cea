/** The drivers and what they share. Not exported. */
@NullMarked
package dev.larder.internal;

import org.jspecify.annotations.NullMarked;

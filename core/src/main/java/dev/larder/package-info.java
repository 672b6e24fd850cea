/** The cache as users see it. */
@NullMarked
package dev.larder;

import org.jspecify.annotations.NullMarked;

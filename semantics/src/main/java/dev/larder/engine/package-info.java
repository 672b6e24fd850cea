/** One exchange through the cache, as typed steps that a driver carries out. */
@NullMarked
package dev.larder.engine;

import org.jspecify.annotations.NullMarked;

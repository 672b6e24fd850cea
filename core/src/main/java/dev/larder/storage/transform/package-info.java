/** What is done to entries before a storage gets them: compression, encryption, authentication. */
@NullMarked
package dev.larder.storage.transform;

import org.jspecify.annotations.NullMarked;

"""Networks, latent tools, training and evaluation: torch only, knows nothing of the page."""

import os

# Linux gives each large tensor fresh memory. In pages of 4 kB, zeroing those of many pictures at once takes longer than the layers do;
# in pages of 2 MB, which torch asks for when this is set, a batch of 100 is drawn in half the time.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

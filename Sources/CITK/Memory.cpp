#include "CITK.h"

#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void citk_release_memory(void)
{
#ifdef __GLIBC__
    // Each thread's arena keeps up to 64 MiB of what its volumes took.
    malloc_trim(0);
#endif
}

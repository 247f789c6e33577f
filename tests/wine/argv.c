/* GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program that shows its arguments: one line of their number, then a line for each, as its length and its UTF-16
 * units in hexadecimal, so that no character in it can be taken for anything else. */

#include <stdio.h>
#include <wchar.h>

int _dowildcard = 0; /* the C runtime of MinGW would replace * and ? by file names, which that of Microsoft does not */

int wmain(int argc, wchar_t **argv)
{
    printf("argv %d\n", argc - 1);
    for (int i = 1; i < argc; i++) {
        printf("%d ", (int)wcslen(argv[i]));
        for (wchar_t *unit = argv[i]; *unit; unit++)
            printf("%04x", (unsigned)*unit);
        printf("\n");
    }
    return 0;
}

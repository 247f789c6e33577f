/* GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What WinRM's shell does with a command, many times in one process: each line of standard input (UTF-8) goes to a
 * cmd.exe of its own, as `cmd.exe /c LINE`, by CreateProcess, so that nothing else takes part in its quoting. The answer
 * is a line `HEX EXITCODE`, HEX being the bytes of standard output. Standard input of the command is NUL. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define LONGEST 32768 /* UTF-16 units that CreateProcess takes */

static const wchar_t PREFIX[] = L"cmd.exe /c ";
static char input[4 * LONGEST];
static wchar_t line[LONGEST + sizeof PREFIX];

static void fail(const char *what)
{
    fprintf(stderr, "host: %s: error %lu\n", what, GetLastError());
    exit(2);
}

static void start(HANDLE output, PROCESS_INFORMATION *process)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOW how;

    memset(&how, 0, sizeof how);
    how.cb = sizeof how;
    how.dwFlags = STARTF_USESTDHANDLES;
    how.hStdInput = CreateFileA("NUL", GENERIC_READ, 0, &inherited, OPEN_EXISTING, 0, NULL);
    how.hStdOutput = output;
    how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &how, process))
        fail("CreateProcess");
    CloseHandle(how.hStdInput);
}

static void run(void)
{
    HANDLE reader, writer;
    PROCESS_INFORMATION process;
    unsigned char output[4096];
    DWORD size, code;

    if (!CreatePipe(&reader, &writer, NULL, 0) ||
        !SetHandleInformation(writer, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT))
        fail("CreatePipe");
    start(writer, &process);
    CloseHandle(writer);
    while (ReadFile(reader, output, sizeof output, &size, NULL) && size)
        for (DWORD i = 0; i < size; i++)
            printf("%02x", output[i]);
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    printf(" %ld\n", (long)code);
    fflush(stdout);
    CloseHandle(reader);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
}

int main(void)
{
    while (fgets(input, sizeof input, stdin)) {
        input[strcspn(input, "\r\n")] = 0;
        wcscpy(line, PREFIX);
        if (!MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, input, -1, line + wcslen(PREFIX), LONGEST))
            fail("a line is too long or not UTF-8");
        run();
    }
    return 0;
}

// The least that a cached answer can cost: a static program that reads a file and prints it.
#include <fcntl.h>
#include <unistd.h>

int main(int count, char **arguments) {
  static char bytes[65536];
  if (count != 2) return 2;
  int file = open(arguments[1], O_RDONLY);
  ssize_t length = read(file, bytes, sizeof bytes);
  return length > 0 && write(1, bytes, (size_t)length) == length ? 0 : 1;
}

/* A shared library that is no plugin at all. */
int bad_no_section(void);

__attribute__((visibility("default"))) int bad_no_section(void) {
    return 42;
}

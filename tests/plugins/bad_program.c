/* A program that bears a plugin's file name. */
int main(void) {
    return 0;
}

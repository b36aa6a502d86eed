/* A library, but not a plugin. */
int nothing_of_ours(void);
int nothing_of_ours(void)
{
	return 0;
}

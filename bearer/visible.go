package bearer

// notVisible returns where the first byte of s is that is not a visible ASCII
// character, or -1. It looks at eight at a time: tokens are long.
func notVisible(s string) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		// A byte's high bit is set in the first if it is above '~' or not ASCII, and in
		// the second if it, or one below it that then is found as well, is below '!'.
		if (x|(x+ones))&highs != 0 || (x-'!'*ones)&highs != 0 {
			break
		}
	}
	for ; i < len(s); i++ {
		if s[i] < '!' || s[i] > '~' {
			return i
		}
	}
	return -1
}

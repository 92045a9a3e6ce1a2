package bearer

// notVisible returns where the first byte of s is that is not a visible ASCII
// character, or -1. It looks at eight at a time: tokens are long.
func notVisible(s string) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := s[i : i+8]
		x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
			uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
		// A high bit of the first says that a byte is above '~'; if there is none, one of
		// the second says that a byte is below '!'.
		if (x|(x+ones)|(x-'!'*ones))&highs != 0 {
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

package parity

// audienceRows are about issuer.audiences and issuer.audienceMatchPolicy.
func audienceRows() []configRow {
	const audiences, policy = "jwt[0].issuer.audiences", "jwt[0].issuer.audienceMatchPolicy"
	with := func(fields string) string { return withIssuer(goodURL + ", " + fields) }
	return []configRow{
		{name: "audiences are missing", text: withIssuer(goodURL), want: badFields(audiences).because("at least one jwt[0].issuer.audiences is required")},
		{name: "audiences are empty", text: with("audiences: []"), want: badFields(audiences)},
		{name: "an empty audience", text: with("audiences: ['']"), want: badFields(audiences + "[0]").because("Required value")},
		{name: "a blank audience", text: with("audiences: [' ']"), want: taken()},
		{name: "an audience not of ASCII", text: with("audiences: [größe]"), want: taken()},
		{name: "one audience, no policy", text: with("audiences: [a]"), want: taken()},
		{name: "one audience, empty policy", text: with("audiences: [a], audienceMatchPolicy: ''"), want: taken()},
		{name: "one audience, MatchAny", text: with("audiences: [a], audienceMatchPolicy: MatchAny"), want: taken()},
		{name: "one audience, MatchAll", text: with("audiences: [a], audienceMatchPolicy: MatchAll"), want: badFields(policy).because("audienceMatchPolicy must be empty or MatchAny for single audience")},
		{name: "one audience, matchany", text: with("audiences: [a], audienceMatchPolicy: matchany"), want: badFields(policy)},
		{name: "two audiences, no policy", text: with("audiences: [a, b]"), want: badFields(policy).because("audienceMatchPolicy must be MatchAny for multiple audiences")},
		{name: "two audiences, MatchAny", text: with("audiences: [a, b], audienceMatchPolicy: MatchAny"), want: taken()},
		{name: "two audiences, MatchAll", text: with("audiences: [a, b], audienceMatchPolicy: MatchAll"), want: badFields(policy)},
		{name: "no audience, MatchAny", text: with("audiences: [], audienceMatchPolicy: MatchAny"), want: badFields(audiences)},
		{name: "no audience, MatchAll", text: with("audienceMatchPolicy: MatchAll"), want: badFields(audiences)},
		{name: "an audience twice", text: with("audiences: [a, a], audienceMatchPolicy: MatchAny"), want: badFields(audiences + "[1]").because("Duplicate value")},
		{name: "audiences that differ in case", text: with("audiences: [a, A], audienceMatchPolicy: MatchAny"), want: taken()},
		{name: "an empty audience twice", text: with("audiences: ['', '']"), want: badFields(audiences+"[0]", audiences+"[1]", audiences+"[1]", policy)},
		{name: "an audience twice, no policy", text: with("audiences: [a, a]"), want: badFields(audiences+"[1]", policy)},
	}
}

// egressRows are about issuer.egressSelectorType.
func egressRows() []configRow {
	const path = "jwt[0].issuer.egressSelectorType"
	egress := configSetting{egress: true}
	with := func(kind string) string { return withIssuer(goodURL + ", " + goodTo + ", egressSelectorType: " + kind) }
	return []configRow{
		{name: "egress, cluster", text: with("cluster"), with: egress, want: taken()},
		{name: "egress, controlplane", text: with("controlplane"), with: egress, want: taken()},
		{name: "egress, empty", text: with("''"), with: egress, want: taken()},
		{name: "egress, empty and no way", text: with("''"), want: taken()},
		{name: "egress, cluster and no way", text: with("cluster"), want: noWay(`egress lookup required with egress selector type "cluster"`)},
		{name: "egress, controlplane and no way", text: with("controlplane"), want: noWay(`egress lookup required with egress selector type "controlplane"`)},
		{name: "egress, Cluster", text: with("Cluster"), with: egress, want: badFields(path).because("egress selector must be either controlplane or cluster")},
		{name: "egress, etcd", text: with("etcd"), with: egress, want: badFields(path)},
		{name: "egress, etcd and no way", text: with("etcd"), want: badFields(path)},
		{name: "egress, controlPlane", text: with("controlPlane"), with: egress, want: badFields(path)},
		{name: "egress and discovery", text: withIssuer(goodURL + ", " + goodTo + ", egressSelectorType: cluster, discoveryURL: https://d.example"), with: egress, want: taken()},
	}
}

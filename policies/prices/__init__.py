"""What tokens cost, by model: the list that ships, and a company's own."""
